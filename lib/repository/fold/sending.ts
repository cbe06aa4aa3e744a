/** What a batch sends to be stored. Nobody waits for it before the end: all questions come after it. */

import type { TransactionSql } from "../connection/sql.ts";
import { store, type StoreOptions } from "./store.ts";
import type { Writes } from "./writes.ts";

export class Sending {
  readonly #tx: TransactionSql;
  readonly #options: StoreOptions;
  /** What is not answered yet. */
  readonly #storing = new Set<Promise<void>>();
  #rowsWritten = 0;
  /** What failed first. */
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

  /** Waits until all that was sent is stored; how many rows were written. Throws what failed first. */
  async stored(): Promise<number> {
    await Promise.all(this.#storing);
    if (this.#failure !== null) throw this.#failure.error;
    return this.#rowsWritten;
  }
}
