/**
 * The statements that a batch sends. They are awaited only at the end; queries on the same connection run
 * after them.
 */

import type { TransactionSql } from "../connection/sql.ts";
import { store, type StoreOptions } from "./store.ts";
import type { Writes } from "./writes.ts";

export class PendingStatements {
  readonly #tx: TransactionSql;
  readonly #options: StoreOptions;
  /** Statements that are not answered yet. */
  readonly #storing = new Set<Promise<void>>();
  #rowsWritten = 0;
  /** The first failure. */
  #failure: { readonly error: unknown } | null = null;

  constructor(tx: TransactionSql, options: StoreOptions) {
    this.#tx = tx;
    this.#options = options;
  }

  store(writes: Writes): void {
    const storing = store(this.#tx, writes, this.#options).then(
      (rows) => void (this.#rowsWritten += rows),
      (error: unknown) => void (this.#failure ??= { error }),
    ).finally(() => this.#storing.delete(storing));
    this.#storing.add(storing);
  }

  /** Waits until everything sent is stored. Returns the number of rows written; throws the first failure. */
  async stored(): Promise<number> {
    await Promise.all(this.#storing);
    if (this.#failure !== null) throw this.#failure.error;
    return this.#rowsWritten;
  }
}
