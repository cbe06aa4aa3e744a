/**
 * The connections to the database, and a new set of them when the old one is silent. Everybody asks
 * for the present set each time; nobody keeps one.
 */

import type { Sql } from "./sql.ts";
import { withWatchdog } from "./watchdog.ts";

export interface DatabaseOptions {
  /** Opens connections, `max` of them at most; nothing is sent before the first query. */
  readonly open: (max: number) => Sql;
  /** Ends connections at once, answered or not. */
  readonly terminate: (sql: Sql) => void | Promise<void>;
}

/** For dead letters and for the status page. */
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

  /** The connections to use now, for whatever is no batch. */
  get sql(): Sql {
    return this.#sql;
  }

  /**
   * The one connection of a partition's batches to use now. The driver gives a transaction to whichever
   * connection has rested for longest: among several, each would come to plan and to cache everything anew.
   */
  writing(partition: number): Sql {
    let sql = this.#writing.get(partition);
    if (sql === undefined) this.#writing.set(partition, sql = this.#options.open(1));
    return sql;
  }

  /**
   * Asks with the present connections, and gives them up when nothing is heard for `silentMs`: neither
   * the answer nor a call of `alive`. Rejects when the signal aborts.
   */
  ask<T>(
    question: (sql: Sql, alive: () => void) => Promise<T>,
    { silentMs, signal }: { readonly silentMs: number; readonly signal: AbortSignal },
  ): Promise<T> {
    const sql = this.#sql;
    const abandon = (): void => this.abandon(sql);
    return withWatchdog(sql, { silentMs, abandon, signal }, (alive) => question(sql, alive));
  }

  /** As `ask`, on the connection that nothing else uses: where tables are locked, it is still free. */
  watch<T>(
    question: (sql: Sql) => Promise<T>,
    { silentMs, signal }: { readonly silentMs: number; readonly signal: AbortSignal },
  ): Promise<T> {
    const sql = this.#watching;
    const abandon = (): void => this.abandon(sql);
    return withWatchdog(sql, { silentMs, abandon, signal }, () => question(sql));
  }

  /** Gives connections up that don't answer, unless somebody else has already. */
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
