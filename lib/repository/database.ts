/**
 * The connections to the database, and a new set of them when the old one is silent. Everybody asks
 * for the present set each time; nobody keeps one.
 */

import type { Sql } from "postgres";
import { guarded } from "./guard.ts";

export interface DatabaseOptions {
  /** Opens connections; nothing is sent before the first query. */
  readonly open: () => Sql;
  /** Ends connections at once, answered or not. */
  readonly terminate: (sql: Sql) => void | Promise<void>;
}

export class Database implements AsyncDisposable {
  readonly #options: DatabaseOptions;
  #sql: Sql;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#sql = options.open();
  }

  /** The connections to use now. */
  get sql(): Sql {
    return this.#sql;
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
    return guarded(sql, { silentMs, abandon, signal }, (alive) => question(sql, alive));
  }

  /** Gives connections up that don't answer, unless somebody else has already. */
  abandon(sql: Sql): void {
    if (sql !== this.#sql) return;
    this.#sql = this.#options.open();
    void this.#options.terminate(sql);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.terminate(this.#sql);
  }
}
