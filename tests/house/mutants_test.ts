/** The list of careless changes, which `deno task test:mutants` tries one by one. */

import assert from "node:assert/strict";
import { MUTANTS } from "../mutants/all.ts";
import { sampleOf } from "../mutants/sample.ts";
import { problemOf } from "../mutants/tree.ts";

Deno.test("every careless change still applies, and names existing tests", async () => {
  const problems: string[] = [];
  for (const mutant of MUTANTS) {
    const problem = await problemOf(mutant);
    if (problem !== null) problems.push(`${mutant.file}: ${mutant.before.trim()}: ${problem}`);
  }
  assert.deepEqual(problems, []);
});

Deno.test("there are at least 150 careless changes, all different, in every folder that users rely on", () => {
  assert.ok(MUTANTS.length >= 150);
  const changes = MUTANTS.map(({ file, before, after }) => JSON.stringify([file, before, after]));
  assert.equal(new Set(changes).size, changes.length);
  for (
    const folder of [
      "lib/client",
      "lib/commands",
      "lib/config",
      "lib/decoder",
      "lib/indexer",
      "lib/log",
      "lib/mapper",
      "lib/pds",
      "lib/reconcile",
      "lib/repository",
      "lib/server",
      "migrations",
    ]
  ) {
    assert.ok(MUTANTS.some(({ file }) => file.startsWith(`${folder}/`)), folder);
  }
});

Deno.test("a sample is the same for the same seed, and another for another", () => {
  const rules = (seed: number): string[] => sampleOf(MUTANTS, 8, seed).map(({ rule }) => rule);
  assert.equal(new Set(rules(1)).size, 8);
  assert.deepEqual(rules(1), rules(1));
  assert.notDeepEqual(rules(1), rules(2));
});

Deno.test("the task prints its usage for --help, and for an option that does not exist", async () => {
  const task = new URL("../mutants/main.ts", import.meta.url).pathname;
  const of = async (option: string): Promise<[number, string]> => {
    const args = ["run", "-A", "--quiet", "--no-check", task, option];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)];
  };
  const [help, unknown] = await Promise.all([of("--help"), of("--smaple")]);
  assert.equal(help[0], 0);
  assert.match(help[1], /^usage: deno task test:mutants/);
  assert.equal(unknown[0], 2);
  assert.match(unknown[1], /^there is no option --smaple.*--sample.*\s+usage:/);
});
