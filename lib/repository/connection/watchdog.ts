/** Limits how long a silent database is waited for. */

import type { Sql } from "./sql.ts";

/**
 * When a connection is dropped, milliseconds. The server's own timeout ends a statement that takes too long,
 * but has no effect when the server can't be reached.
 */
export function silenceAfter(statementTimeoutMs: number): number {
  return statementTimeoutMs * 7 / 6;
}

/** The database did not answer in time. */
export class DatabaseSilentError extends Error {
  override readonly name = "DatabaseSilentError";
  readonly code = "silent";
  constructor(silentMs: number) {
    super(`cannot reach the database: no answer for more than ${silentMs} ms`);
  }
}

export interface WatchdogOptions {
  /** How long the database was silent, milliseconds. */
  readonly silentMs: number;
  /** Drops the connections. */
  readonly abandon: (sql: Sql) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs a task on the database until it ends, the signal aborts, or nobody calls `alive` for too long; then
 * the connections are dropped. A task that still runs after an abort ends with its connection.
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
    // An abandoned task may still take a step. Nobody waits for it, and the current connections are not its
    // own.
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
  running.catch(() => {}); // After an abort nobody awaits it.
  try {
    return await Promise.race([running, given]);
  } finally {
    over = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
