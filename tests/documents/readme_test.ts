/** The README is compared with the program. */

import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../lib/commands/all.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { isInRepository, repository } from "../support/repository_files.ts";

const readme = await repository("README.md");

Deno.test("the table of settings in the README is the program's, row by row", () => {
  const rows = [...readme.matchAll(/^\| `([A-Z_\d]+)` \| (.*?) ?\| (.*) \|$/gm)]
    .map(([, name, byDefault, meaning]) => [name, byDefault?.trim(), meaning]);
  const expected = Object.entries(SETTINGS).map(([name, setting]) => [
    name,
    setting.default === null ? "" : `\`${setting.default}\``,
    setting.meaning,
  ]);
  assert.deepEqual(rows, expected);
});

Deno.test("every task that the README names exists", () => {
  const named = [...readme.matchAll(/deno(?:@[\d.]+)? task ([a-z:]+)/g)].map(([, task = ""]) =>
    task
  );
  assert.ok(named.length > 0);
  for (const task of named) assert.ok(Object.hasOwn(manifest.tasks, task), task);
});

Deno.test("every command of the README is the program's, and none is missing", () => {
  const [, line = ""] = /`jetstream-indexer (\[run\][^`]*)`/.exec(readme) ?? [];
  const named = line.split("|").map((word) => word.trim().replace(/[[\]]/g, ""));
  assert.deepEqual(named.toSorted(), COMMANDS.map(({ name }) => name).toSorted());
});

Deno.test("every dependency is in the README, and nothing else is", () => {
  const [, section = ""] = readme.split("\n## Dependencies\n");
  const [table = ""] = section.split("\n## ");
  const named = [...table.matchAll(/^\| (`.*?`) \|/gm)]
    .flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  const npm = Object.entries(manifest.imports).filter(([, target]) => target.startsWith("npm:"));
  assert.deepEqual(named.toSorted(), npm.map(([name]) => name).toSorted());
  for (const [, target] of npm) assert.match(target, /^npm:(@[^@/]+\/)?[^@/]+@\d+\.\d+\.\d+$/);
});

Deno.test("every link target of the README exists", async () => {
  for (const [, path = ""] of readme.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
    assert.ok(await isInRepository(path), path);
  }
});
