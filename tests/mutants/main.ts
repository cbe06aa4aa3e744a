/**
 * The campaign of careless changes: applies each, or some at random, to a copy of the repository, and runs the
 * tests that must notice. Ends with 1 when a change survives, or no longer applies.
 *
 * `deno task test:mutants [--sample N] [--seed S] [--only TEXT] [--near-only] [--limit SECONDS] [--list]`
 *
 * `--only` selects the changes whose file or rule contains the text; `--near-only` runs no wider tests; `--limit` is
 * how long one run of tests may take; `--list` runs none, and says which changes no longer apply.
 */

import { parseArgs } from "node:util";
import { MUTANTS } from "./all.ts";
import type { Mutant, Outcome } from "./mutant.ts";
import { sampleOf } from "./sample.ts";
import { LIMIT_SECONDS, problemOf, Tree, type TreeOptions } from "./tree.ts";

/** Copies of the repository, each running its own tests. */
const AT_ONCE = 2;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

type Counts = Record<Outcome["verdict"], number>;

/** Tries all changes. Returns how many had each result. */
async function campaign(
  mutants: readonly Mutant[],
  options: TreeOptions & { readonly atOnce: number },
): Promise<Counts> {
  const counts: Counts = { "killed": 0, "survived": 0, "not applicable": 0 };
  const left = [...mutants];
  await Promise.all(Array.from({ length: options.atOnce }, async () => {
    await using tree = await Tree.create(options);
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const { verdict, why, seconds } = await tree.try(mutant);
      counts[verdict]++;
      print(`${verdict.padEnd(14)} ${seconds.toFixed(1).padStart(5)} s  ${mutant.file}`);
      print(`  ${mutant.before.trim()} → ${mutant.after.trim() || "(nothing)"}`);
      print(`  rule: ${mutant.rule}`);
      print(`  ${verdict === "killed" ? "noticed by" : "why"}: ${why}`);
    }
  }));
  return counts;
}

/** Runs no test. Prints which changes no longer apply, and how many changes there are. */
async function list(mutants: readonly Mutant[]): Promise<number> {
  let gone = 0;
  for (const mutant of mutants) {
    const problem = await problemOf(mutant);
    if (problem === null) continue;
    gone++;
    print(`${mutant.file}: ${mutant.before.trim()}\n  ${problem}`);
  }
  print(`mutants: ${mutants.length} listed, ${gone} not applicable`);
  return gone;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      sample: { type: "string" },
      seed: { type: "string" },
      only: { type: "string", multiple: true, default: [""] },
      "at-once": { type: "string", default: `${AT_ONCE}` },
      limit: { type: "string", default: `${LIMIT_SECONDS}` },
      "near-only": { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
  const holds = ({ file, rule }: Mutant, text: string): boolean =>
    file.includes(text) || rule.includes(text);
  const unknown = values.only.find((text) => !MUTANTS.some((mutant) => holds(mutant, text)));
  if (unknown !== undefined) {
    print(`cannot find a change for --only ${unknown}: no file and no rule holds this text`);
    Deno.exit(2);
  }
  const chosen = MUTANTS.filter((mutant) => values.only.some((text) => holds(mutant, text)));
  if (values.list) Deno.exit(await list(chosen) > 0 ? 1 : 0);
  const size = Number(values.sample ?? chosen.length);
  if (!Number.isSafeInteger(seed) || !(size > 0)) {
    print("cannot read --sample or --seed: expected whole numbers, and a sample above 0");
    Deno.exit(2);
  }
  const mutants = sampleOf(chosen, size, seed);
  print(`mutants: seed ${seed}, ${mutants.length} of ${MUTANTS.length}`);
  const counts = await campaign(mutants, {
    nearOnly: values["near-only"],
    limitSeconds: Number(values.limit),
    atOnce: Number(values["at-once"]),
  });
  const [killed, survived, gone] = [counts.killed, counts.survived, counts["not applicable"]];
  print(`mutants: ${killed} killed, ${survived} survived, ${gone} not applicable`);
  if (survived + gone > 0) Deno.exit(1);
}
