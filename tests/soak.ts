/**
 * The long form of the property test and of the crash test: streams for the given minutes, one seed
 * after another, until one fails.
 */

import { UsageError } from "../lib/commands/command.ts";
import { parseOptions } from "../lib/commands/options.ts";
import { crashCampaign } from "./support/crash/campaign.ts";
import { testDatabases, withDatabase } from "./support/database.ts";
import { runSeed } from "./support/model/campaign.ts";
import type { System } from "./support/model/system.ts";
import { systemOn } from "./support/system.ts";
import { printLine, runTask } from "./support/task.ts";

const USAGE = `usage: deno task test:soak [options]

  --minutes N  how long (10)
  --seed N     the first seed; without --minutes, that seed alone

Crashes need a database server (TEST_DATABASE_URL).`;

export interface SoakOptions {
  readonly minutes: number;
  /** First seed; each stream takes the next one. */
  readonly seed: number;
  /** Only one stream, whatever `minutes` says. */
  readonly once: boolean;
}

const MINUTE_MS = 60_000;

/** Reads the command line. Throws a `UsageError` on an unknown option and on a value that is no number. */
export function readSoakOptions(args: readonly string[], nowMs: number = Date.now()): SoakOptions {
  const options = { minutes: { type: "string" }, seed: { type: "string" } } as const;
  const { values } = parseOptions(args, options);
  const [minutes, seed] = [values.minutes ?? "10", values.seed ?? String(nowMs % 1_000_000_000)];
  if (!(Number(minutes) > 0)) {
    throw new UsageError(`cannot read --minutes: got ${minutes}, expected a number above 0`);
  }
  if (!Number.isSafeInteger(Number(seed)) || seed.trim() === "") {
    throw new UsageError(`cannot read --seed: got ${seed}, expected a whole number`);
  }
  const once = values.seed !== undefined && values.minutes === undefined;
  return { minutes: Number(minutes), seed: Number(seed), once };
}

/** Runs seeds until the time is over or one fails. Returns how many streams passed; null after a failure. */
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

/** How long streams are delivered before the next crash test, minutes. */
const SLICE_MINUTES = 1;

/** Crashes at each point, in one stream. */
const PASSES = 3;

/** Runs both until the time is over or one fails. Returns the exit code. */
async function main(args: readonly string[], print: (line: string) => void): Promise<number> {
  const { minutes, seed: first, once } = readSoakOptions(args);
  const start = Date.now();
  const hasServer = testDatabases().includes("server");
  let seed = first;
  do {
    let streams: number | null = null;
    await withDatabase(hasServer ? "server" : "embedded", async ({ sql }) => {
      const slice = Math.min(SLICE_MINUTES, minutes);
      streams = await soak(systemOn(sql), { minutes: slice, seed, once }, print);
    });
    if (streams === null) return 1;
    if (hasServer) {
      await withDatabase(
        "server",
        async (database) => void await crashCampaign({ seed, database, print, passes: PASSES }),
        { content: "empty" },
      );
    }
    seed += streams;
  } while (!once && Date.now() - start < minutes * MINUTE_MS);
  return 0;
}

if (import.meta.main) await runTask(USAGE, (args) => main(args, printLine));
