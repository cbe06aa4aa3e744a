/** The dead letters of one database, for the server's API. */

import type { JsonObject } from "../../decoder/json.ts";
import type { Database } from "../connection/database.ts";
import {
  countDeadLetters,
  type DeadLetter,
  type DeadLetterQuery,
  discardDeadLetters,
  listDeadLetters,
  openDeadLetterIds,
  showDeadLetter,
} from "./dead_letters.ts";
import type { DeadLetterFilter } from "./dead_letter_filter.ts";

/** Every method rejects while the database is unavailable. */
export class DeadLetterStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(query: DeadLetterQuery): Promise<readonly DeadLetter[]> {
    return listDeadLetters(this.#database.sql, query);
  }

  /** How many dead letters match a filter. */
  count(filter: DeadLetterFilter): Promise<number> {
    return countDeadLetters(this.#database.sql, filter);
  }

  /** Null when there is no dead letter with that id. */
  show(id: number): Promise<(DeadLetter & { readonly payload: JsonObject | null }) | null> {
    return showDeadLetter(this.#database.sql, id);
  }

  /** Closes an open dead letter without applying it. False when there is no open dead letter with that id. */
  async discard(id: number): Promise<boolean> {
    return await discardDeadLetters(this.#database.sql, [id]) > 0;
  }

  /** Closes the open dead letters that match a filter. False, and nothing is done, when their number is not `count`. */
  async discardAll(filter: DeadLetterFilter, count: number): Promise<boolean> {
    const { sql } = this.#database;
    const ids = await openDeadLetterIds(sql, filter, count + 1);
    if (ids.length !== count) return false;
    await discardDeadLetters(sql, ids);
    return true;
  }
}

/** What the store can do, whatever it keeps its dead letters in. */
export type DeadLetters = Pick<DeadLetterStore, keyof DeadLetterStore>;
