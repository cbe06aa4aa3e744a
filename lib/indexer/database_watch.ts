/** Looks at the database from time to time, so that a quiet stream too notices that it is away. */

import type { Clock } from "../client/clock.ts";
import { openCounts } from "../repository/counts.ts";
import type { Database } from "../repository/database.ts";
import type { Telemetry } from "../server/telemetry.ts";

export interface WatchOptions {
  readonly database: Database;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** The connections are given up after so much silence, milliseconds. */
  readonly silentMs: number;
}

const EVERY_MS = 15_000;

/** A database that takes longer is told to be away, while its answer is still waited for. */
const LATE_MS = 5_000;

/** Watches until the signal aborts. Never rejects. */
export async function watchDatabase(options: WatchOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look(options, signal);
    await waitFor(EVERY_MS, options.clock, signal);
  }
}

async function look(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { database, telemetry, clock, silentMs } = options;
  const cancel = clock.setTimer(() => telemetry.databaseSeen(null), LATE_MS);
  try {
    telemetry.databaseSeen(await database.ask(openCounts, { silentMs, signal }));
  } catch {
    if (!signal.aborted) telemetry.databaseSeen(null);
  } finally {
    cancel();
  }
}

function waitFor(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.setTimer(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
