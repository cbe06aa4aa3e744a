/** One run of the indexer against a server and a database, from its start to its last commit. */

import type { Scratch } from "./database.ts";
import type { Measured } from "./indexer.ts";
import { cpuSeconds, deno, type Program } from "./processes.ts";

/** What to run. */
export interface Run {
  readonly scratch: Scratch;
  readonly url: string;
  /** Events after which the indexer says how long they took. */
  readonly expected: number;
  /** Keeps the time from received to committed of every event. */
  readonly latencies?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** The result of a run. */
export interface Ran extends Measured {
  readonly perSecond: number;
  /** Parts of one core that the indexer and its connections to Postgres took. */
  readonly indexerCores: number;
  readonly postgresCores: number;
}

export function settings(scratch: Scratch, url: string): Record<string, string> {
  return {
    DATABASE_URL: scratch.url,
    JETSTREAM_URL: url,
    JETSTREAM_COMPRESS: "false",
    LOCATION_JITTER_SECRET: "benchmarks have no secrets to keep",
    LOG_LEVEL: "error",
  };
}

/** An indexer in a process of its own. */
export function startIndexer({ scratch, url, expected, latencies, env = {} }: Run): Program {
  const args = [String(expected), ...latencies ? ["latencies"] : []];
  return deno("indexer.ts", args, { ...settings(scratch, url), ...env });
}

/** Waits until an indexer has received, or committed, the requested events. */
export async function heard(program: Program, what: Measured["what"]): Promise<Measured> {
  for (;;) {
    const measured = await program.hear<Measured>();
    if (measured.what === what) return measured;
  }
}

/** Runs an indexer until it has committed the requested events. */
export async function runIndexer(run: Run): Promise<Ran> {
  await using program = startIndexer(run);
  const measured = await heard(program, "committed");
  const { count, ms } = measured;
  return {
    ...measured,
    perSecond: count * 1000 / ms,
    // Of the whole process, start included: a little more than the work itself.
    indexerCores: await cpuSeconds(program.pid) * 1000 / ms,
    postgresCores: await run.scratch.cpuSeconds("jetstream-indexer") * 1000 / ms,
  };
}
