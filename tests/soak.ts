/**
 * The long form of the property test: streams for so many minutes, one seed after another, until one
 * fails. Usage: `soak.ts [--minutes N] [--seed N]`; with a seed and no minutes, that seed alone.
 */

import { parseArgs } from "node:util";
import { runSeed } from "./model/campaign.ts";
import type { System } from "./model/system.ts";

export interface SoakOptions {
  readonly minutes: number;
  /** First seed; each stream takes the next one. */
  readonly seed: number;
  /** One stream only, whatever the minutes. */
  readonly once: boolean;
}

const MINUTE_MS = 60_000;

/** Reads the command line. Throws on an unknown option and on a value that is no number. */
export function readSoakOptions(args: readonly string[], nowMs: number = Date.now()): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: "string" }, seed: { type: "string" } },
  });
  const [minutes, seed] = [values.minutes ?? "10", values.seed ?? String(nowMs % 1_000_000_000)];
  if (!(Number(minutes) > 0)) {
    throw new Error(`cannot read --minutes: got ${minutes}, expected a number above 0`);
  }
  if (!Number.isSafeInteger(Number(seed)) || seed.trim() === "") {
    throw new Error(`cannot read --seed: got ${seed}, expected a whole number`);
  }
  const once = values.seed !== undefined && values.minutes === undefined;
  return { minutes: Number(minutes), seed: Number(seed), once };
}

/** Runs seeds until the time is over or one fails. Returns how many streams were equal, or null. */
export async function soak(
  system: System,
  { minutes, seed: first, once }: SoakOptions,
  print: (line: string) => void,
  now: () => number = Date.now,
): Promise<number | null> {
  const start = now();
  print(`soak: from seed ${first}, ${once ? "once" : `${minutes} minutes`}`);
  let lastWord = start;
  let seed = first;
  do {
    const report = await runSeed(system, seed, { maxTries: 2000 });
    if (report !== null) {
      print(report);
      print(`soak: failed; run it alone with --seed ${seed}`);
      return null;
    }
    seed += 1;
    if (now() - lastWord >= MINUTE_MS) {
      lastWord = now();
      print(`soak: ${seed - first} streams equal, next seed ${seed}`);
    }
  } while (!once && now() - start < minutes * MINUTE_MS);
  print(`soak: ${seed - first} streams equal, seeds ${first} to ${seed - 1}`);
  return seed - first;
}
