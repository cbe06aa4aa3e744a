/** The dead letters of one database, for the server's API. */

import type { JsonObject } from "../../decoder/json.ts";
import type { Database } from "../connection/database.ts";
import {
  countLetters,
  type DeadLetter,
  discardLetters,
  type LetterQuery,
  listLetters,
  openLetters,
  showLetter,
} from "./dead_letters.ts";
import type { LetterFilter } from "./letter_filter.ts";

/** Every method rejects while the database is unavailable. */
export class DeadLetterStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(query: LetterQuery): Promise<readonly DeadLetter[]> {
    return listLetters(this.#database.sql, query);
  }

  /** How many letters match a filter. */
  count(filter: LetterFilter): Promise<number> {
    return countLetters(this.#database.sql, filter);
  }

  /** Null when there is no letter with that id. */
  show(id: number): Promise<(DeadLetter & { readonly payload: JsonObject | null }) | null> {
    return showLetter(this.#database.sql, id);
  }

  /** Closes an open letter without applying it. False when there is no open letter with that id. */
  async discard(id: number): Promise<boolean> {
    return await discardLetters(this.#database.sql, [id]) > 0;
  }

  /** Closes the open letters that match a filter. False, and nothing is done, when their number is not `count`. */
  async discardAll(filter: LetterFilter, count: number): Promise<boolean> {
    const { sql } = this.#database;
    const ids = await openLetters(sql, filter, count + 1);
    if (ids.length !== count) return false;
    await discardLetters(sql, ids);
    return true;
  }
}

/** What the store can do, whatever it keeps its letters in. */
export type DeadLetters = Pick<DeadLetterStore, keyof DeadLetterStore>;
