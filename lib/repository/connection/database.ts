/**
 * The connections to the database, replaced by new ones when the old ones are silent. Callers get the current
 * connections each time and must not keep them.
 */

import type { Sql } from "./sql.ts";
import { withWatchdog } from "./watchdog.ts";

export interface DatabaseOptions {
  /** Opens up to `max` connections; nothing is sent before the first query. */
  readonly open: (max: number) => Sql;
  /** Closes connections at once, even during a query. */
  readonly terminate: (sql: Sql) => void | Promise<void>;
}

/** For dead letters and the status page. */
const MAX_ASKING = 2;

export class Database implements AsyncDisposable {
  readonly #options: DatabaseOptions;
  #sql: Sql;
  /** By partition. */
  readonly #writing = new Map<number, Sql>();
  #watching: Sql;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#sql = options.open(MAX_ASKING);
    this.#watching = options.open(1);
  }

  /** The current connections for everything except batches. */
  get sql(): Sql {
    return this.#sql;
  }

  /**
   * The current connection of a partition's batches. There is only one, because the driver picks the
   * connection that was idle for longest: with several, each would plan and cache everything again.
   */
  writing(partition: number): Sql {
    let sql = this.#writing.get(partition);
    if (sql === undefined) this.#writing.set(partition, sql = this.#options.open(1));
    return sql;
  }

  /**
   * Runs queries on the current connections, and drops them after `silentMs` with neither an answer nor a
   * call of `alive`. Rejects when the signal aborts.
   */
  ask<T>(
    question: (sql: Sql, alive: () => void) => Promise<T>,
    { silentMs, signal }: { readonly silentMs: number; readonly signal: AbortSignal },
  ): Promise<T> {
    const sql = this.#sql;
    const abandon = (): void => this.abandon(sql);
    return withWatchdog(sql, { silentMs, abandon, signal }, (alive) => question(sql, alive));
  }

  /** As `ask`, on a connection of its own, which is free even when others wait for locked tables. */
  watch<T>(
    question: (sql: Sql) => Promise<T>,
    { silentMs, signal }: { readonly silentMs: number; readonly signal: AbortSignal },
  ): Promise<T> {
    const sql = this.#watching;
    const abandon = (): void => this.abandon(sql);
    return withWatchdog(sql, { silentMs, abandon, signal }, () => question(sql));
  }

  /** Drops connections that don't answer, unless they were replaced already. */
  abandon(sql: Sql): void {
    if (sql === this.#sql) this.#sql = this.#options.open(MAX_ASKING);
    else if (sql === this.#watching) this.#watching = this.#options.open(1);
    else {
      const [partition] = [...this.#writing].find(([, writing]) => writing === sql) ?? [];
      if (partition === undefined) return;
      this.#writing.delete(partition);
    }
    void this.#options.terminate(sql);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { terminate } = this.#options;
    await Promise.all([this.#sql, ...this.#writing.values(), this.#watching].map(terminate));
  }
}
