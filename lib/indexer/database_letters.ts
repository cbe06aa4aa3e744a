/** The dead letters of the database, for the server. */

import type { Indexer } from "../indexer.ts";
import type { Database } from "../repository/database.ts";
import {
  discardLetters,
  listLetters,
  openLetters,
  showLetter,
} from "../repository/dead_letters.ts";
import type {
  DeadLetter,
  DeadLetterQuery,
  DeadLetters,
  RetryResult,
  RetrySelection,
} from "../server/dead_letters.ts";
import type { JsonObject } from "../decoder/json.ts";

/** A request tries no more than this; the rest stays open for the next one. */
const MOST_AT_A_TIME = 500;

export class DatabaseLetters implements DeadLetters {
  readonly #database: Database;
  readonly #indexer: Indexer;
  readonly #stop: AbortSignal;

  constructor(database: Database, indexer: Indexer, stop: AbortSignal) {
    this.#database = database;
    this.#indexer = indexer;
    this.#stop = stop;
  }

  list(query: DeadLetterQuery): Promise<readonly DeadLetter[]> {
    return listLetters(this.#database.sql, query);
  }

  show(id: number): Promise<(DeadLetter & { readonly payload: JsonObject | null }) | null> {
    return showLetter(this.#database.sql, id);
  }

  async retry(selection: RetrySelection): Promise<RetryResult> {
    const ids = "id" in selection && selection.id !== undefined
      ? [selection.id]
      : await openLetters(
        this.#database.sql,
        "reason" in selection ? selection.reason ?? null : null,
        MOST_AT_A_TIME,
      );
    return await this.#indexer.letters.retry(ids, this.#stop);
  }

  async discard(id: number): Promise<boolean> {
    return await discardLetters(this.#database.sql, [id]) > 0;
  }
}
