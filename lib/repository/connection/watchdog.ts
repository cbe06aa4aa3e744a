/** Waits for the database no longer than that makes sense. */

import type { Sql } from "./sql.ts";

/**
 * When a connection is given up, milliseconds. The server's own timeout ends a statement that takes
 * too long; when the server is what can't be reached, that does nothing.
 */
export function silenceAfter(statementTimeoutMs: number): number {
  return statementTimeoutMs * 7 / 6;
}

/** Nothing was answered in time. */
export class DatabaseSilentError extends Error {
  override readonly name = "DatabaseSilentError";
  readonly code = "silent";
  constructor(silentMs: number) {
    super(`cannot reach the database: no answer for more than ${silentMs} ms`);
  }
}

export interface WatchdogOptions {
  /** Nothing was heard of the database for so long: milliseconds. */
  readonly silentMs: number;
  /** Gives the connections up. */
  readonly abandon: (sql: Sql) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs something on the database until it ends, or the signal aborts, or for too long nobody calls
 * `alive`; then the connections are given up. What still runs after an abort ends with its connection.
 */
export async function withWatchdog<T>(
  sql: Sql,
  { silentMs, abandon, signal }: WatchdogOptions,
  run: (alive: () => void) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { promise: given, reject: giveUp } = Promise.withResolvers<never>();
  const onAbort = (): void => giveUp(signal.reason);
  let over = false;
  const alive = (): void => {
    // What was given up may still take a step. Nobody waits for it, and the connections that would be
    // given up by then are not its own.
    if (over) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      giveUp(new DatabaseSilentError(silentMs));
      abandon(sql);
    }, silentMs);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  alive();
  const running = run(alive);
  running.catch(() => {}); // Nobody may wait for it any more.
  try {
    return await Promise.race([running, given]);
  } finally {
    over = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
