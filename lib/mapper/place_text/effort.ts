/**
 * How much of one record is searched for places. Text inside text, many rounds and many small texts
 * multiply the work of a search: what is beyond the effort is not read, and goes as a whole.
 */

/** A unit is a character searched once: 70 ns in the worst text. A record of 1 MiB passes once. */
const MOST = 1_250_000;

/** What each search costs besides its characters, in units. */
export const EACH_SEARCH = 40;

/** As above, where the text has to be folded or has escapes to undo. */
export const EACH_READING = 300;

/** A key is folded and split into words too. */
const KEY_CHARACTER = 2;
const EACH_KEY = 60;
const EACH_UNUSUAL_KEY = 250;
const USUAL_KEY = /^[A-Za-z_$-]*$/;

export class SearchEffort {
  #left = MOST;

  /** Takes a part of it, and says whether as much was left. */
  take(units: number): boolean {
    this.#left -= units;
    return this.#left >= 0;
  }

  /** The same for a look at a key. */
  takeKey(key: string): boolean {
    const each = USUAL_KEY.test(key) ? EACH_KEY : EACH_UNUSUAL_KEY;
    return this.take(key.length * KEY_CHARACTER + each);
  }
}
