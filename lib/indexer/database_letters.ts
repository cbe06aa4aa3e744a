/** The dead letters of the database, for the server. */

import type { Indexer } from "../indexer.ts";
import type { LetterFilter } from "../repository/dead_letters/letter_filter.ts";
import { retryLetters } from "./told_retry.ts";
import type { Database } from "../repository/connection/database.ts";
import {
  countLetters,
  discardLetters,
  listLetters,
  openLetters,
  showLetter,
} from "../repository/dead_letters/dead_letters.ts";
import type {
  DeadLetter,
  DeadLetterQuery,
  DeadLetters,
  RetryResult,
  RetrySelection,
} from "../server/dead_letters/dead_letters.ts";
import type { JsonObject } from "../decoder/json.ts";

/** A request retries no more than this; the rest stays open for the next one. */
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

  count(filter: LetterFilter): Promise<number> {
    return countLetters(this.#database.sql, filter);
  }

  async retry(selection: RetrySelection): Promise<RetryResult> {
    const ids = "id" in selection && selection.id !== undefined
      ? [selection.id]
      : await openLetters(
        this.#database.sql,
        "id" in selection ? {} : selection,
        MOST_AT_A_TIME,
      );
    return await retryLetters(this.#indexer.letters, this.#database.sql, ids, this.#stop);
  }

  async discardAll(filter: LetterFilter, count: number): Promise<boolean> {
    const { sql } = this.#database;
    const ids = await openLetters(sql, filter, count + 1);
    if (ids.length !== count) return false;
    await discardLetters(sql, ids);
    return true;
  }

  async discard(id: number): Promise<boolean> {
    return await discardLetters(this.#database.sql, [id]) > 0;
  }
}
