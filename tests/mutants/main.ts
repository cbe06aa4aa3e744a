/**
 * The campaign of careless changes: applies each, or some at random, to a copy of the repository, and runs the
 * tests that must notice. `deno task test:mutants [--sample N] [--seed S] [--only TEXT]`
 *
 * Ends with 1 when a change survives, or no longer applies.
 */

import { parseArgs } from "node:util";
import { seededRandom } from "../seeded_random.ts";
import { MUTANTS } from "./all.ts";
import type { Mutant, Outcome } from "./mutant.ts";
import { Tree } from "./tree.ts";

/** Copies of the tree, each with its own tests. */
const AT_ONCE = 2;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** So many of them, chosen by the seed, in an order of its own. */
export function sampleOf(
  all: readonly Mutant[],
  size: number,
  seed: number,
): readonly Mutant[] {
  const random = seededRandom(seed);
  return all.map((mutant) => ({ mutant, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, size)
    .map(({ mutant }) => mutant);
}

/** Tries all of them. Returns how many came to each verdict. */
async function campaign(mutants: readonly Mutant[]): Promise<Record<Outcome["verdict"], number>> {
  const counts = { "killed": 0, "survived": 0, "not applicable": 0 };
  const left = [...mutants];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    await using tree = await Tree.create();
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

/** Without a change the tests have to pass, or every change would seem to be noticed. */
async function assertHealthy(mutants: readonly Mutant[]): Promise<void> {
  await using tree = await Tree.create();
  const [first] = mutants;
  const { passed, output } = await tree.test(first?.near ?? []);
  if (!passed) throw new Error(`cannot begin: the tests fail without a change\n${output}`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      sample: { type: "string" },
      seed: { type: "string" },
      only: { type: "string", default: "" },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
  const chosen = MUTANTS.filter(({ file }) => file.includes(values.only));
  const size = Number(values.sample ?? chosen.length);
  if (!Number.isSafeInteger(seed) || !(size > 0)) {
    print("cannot read --sample or --seed: expected whole numbers, and a sample above 0");
    Deno.exit(2);
  }
  const mutants = sampleOf(chosen, size, seed);
  print(`mutants: seed ${seed}, ${mutants.length} of ${MUTANTS.length}`);
  await assertHealthy(mutants);
  const counts = await campaign(mutants);
  const [killed, survived, gone] = [counts.killed, counts.survived, counts["not applicable"]];
  print(`mutants: ${killed} killed, ${survived} survived, ${gone} not applicable`);
  if (survived + gone > 0) Deno.exit(1);
}
