/**
 * The campaign of careless changes: applies each, or some at random, to a copy of the repository, and runs the
 * tests that must notice. Ends with 1 when a change survives, or no longer applies.
 */

import { UsageError } from "../../lib/commands/command.ts";
import { parseOptions, wholeNumber } from "../../lib/commands/options.ts";
import { printLine, runTask } from "../support/task.ts";
import { MUTANTS } from "./all.ts";
import type { Mutant, Outcome } from "./mutant.ts";
import { sampleOf } from "./sample.ts";
import { LIMIT_SECONDS, problemOf, Tree, type TreeOptions } from "./tree.ts";

/** Copies of the repository, each running its own tests. */
const AT_ONCE = 2;

const USAGE = `usage: deno task test:mutants [options]

  --sample N       only so many changes, at random
  --seed S         repeats a sample
  --only TEXT      only the changes whose file or rule contains the text; can be repeated
  --near-only      runs no wider tests when the near ones pass
  --at-once N      copies of the repository, each running its own tests (${AT_ONCE})
  --limit SECONDS  for one run of tests (${LIMIT_SECONDS})
  --list           runs no test, and prints which changes no longer apply`;

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
      printLine(`${verdict.padEnd(14)} ${seconds.toFixed(1).padStart(5)} s  ${mutant.file}`);
      printLine(`  ${mutant.before.trim()} → ${mutant.after.trim() || "(nothing)"}`);
      printLine(`  rule: ${mutant.rule}`);
      printLine(`  ${verdict === "killed" ? "noticed by" : "why"}: ${why}`);
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
    printLine(`${mutant.file}: ${mutant.before.trim()}\n  ${problem}`);
  }
  printLine(`mutants: ${mutants.length} listed, ${gone} not applicable`);
  return gone;
}

const OPTIONS = {
  sample: { type: "string" },
  seed: { type: "string" },
  only: { type: "string", multiple: true },
  "near-only": { type: "boolean" },
  "at-once": { type: "string" },
  limit: { type: "string" },
  list: { type: "boolean" },
} as const;

/** The changes whose file or rule contains one of the texts. */
function changesOf(texts: readonly string[]): readonly Mutant[] {
  const holds = ({ file, rule }: Mutant, text: string): boolean =>
    file.includes(text) || rule.includes(text);
  const unknown = texts.find((text) => !MUTANTS.some((mutant) => holds(mutant, text)));
  if (unknown !== undefined) {
    throw new UsageError(
      `cannot find a change for --only ${unknown}: no file and no rule holds this text`,
    );
  }
  return MUTANTS.filter((mutant) => texts.some((text) => holds(mutant, text)));
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(args, OPTIONS);
  const number = (text: string | undefined, name: string, otherwise: number): number =>
    text === undefined ? otherwise : wholeNumber(text, name);
  const chosen = changesOf(values.only ?? [""]);
  if (values.list) return await list(chosen) > 0 ? 1 : 0;
  const seed = number(values.seed, "--seed", Date.now() % 1_000_000_000);
  const mutants = sampleOf(chosen, number(values.sample, "--sample", chosen.length), seed);
  printLine(`mutants: seed ${seed}, ${mutants.length} of ${MUTANTS.length}`);
  const { killed, survived, "not applicable": gone } = await campaign(mutants, {
    nearOnly: values["near-only"] ?? false,
    limitSeconds: number(values.limit, "--limit", LIMIT_SECONDS),
    atOnce: number(values["at-once"], "--at-once", AT_ONCE),
  });
  printLine(`mutants: ${killed} killed, ${survived} survived, ${gone} not applicable`);
  return survived + gone > 0 ? 1 : 0;
}

if (import.meta.main) await runTask(USAGE, main);
