/**
 * Limits the search for places in one record. Text inside text, many rounds and many small texts multiply the
 * work: text beyond the limit is not searched but removed as a whole.
 */

/** A unit is one character searched once: 70 ns in the worst text. A record of 1 MiB can be searched once. */
const MOST = 1_250_000;

/** Fixed cost of each search, in units. */
export const EACH_SEARCH = 40;

/** The same for each form of the text that has to be folded or unescaped first. */
export const EACH_READING = 300;

/** Two members of a list can be a place together, so each is read as a number first. */
const EACH_LIST = 10;
const EACH_MEMBER = 12;

/** A key is folded and split into words too. */
const KEY_CHARACTER = 2;
const EACH_KEY = 60;
const EACH_UNUSUAL_KEY = 250;
const USUAL_KEY = /^[A-Za-z_$-]*$/;

export class SearchBudget {
  #left = MOST;

  /** Uses some units. Returns whether enough were left. */
  take(units: number): boolean {
    this.#left -= units;
    return this.#left >= 0;
  }

  /** The same for comparing the members of a list with each other. */
  takeList(length: number): boolean {
    return this.take(EACH_LIST + length * EACH_MEMBER);
  }

  /** The same for checking a key. */
  takeKey(key: string): boolean {
    const each = USUAL_KEY.test(key) ? EACH_KEY : EACH_UNUSUAL_KEY;
    return this.take(key.length * KEY_CHARACTER + each);
  }
}
