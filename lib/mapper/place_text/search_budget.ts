/**
 * Limits the search for places in one record, in proportion to its size. Text inside text, many rounds and many
 * small texts multiply the work: text beyond the limit is not searched but removed as a whole.
 *
 * A unit is about a nanosecond of what such a step takes on a quiet core. Prose uses a third of its budget, prose in
 * JSON nine tenths, and the worst records cost about as much for each byte whether they are small or large.
 */

import { isObject, type Json } from "../../decoder/json.ts";
import type { Characters } from "./characters.ts";
import { type Effort, effortOf } from "./coordinate.ts";

/** For each character of a record as JSON. */
const EACH_BYTE = 64;

/** For any record: its first names, links and times take more than the others. */
const EACH_RECORD = 170_000;

/** Searching a text for what may begin a place. */
const EACH_SEARCH = 550;
const EACH_CHARACTER = 3;
const EACH_DIGIT = 5;

/** Checking whether a text may have a form of places, and looking for it. Nearly all begin with a digit. */
const EACH_FORM = 40;
const EACH_FORM_CHARACTER = 0.7;
const EACH_EXPRESSION = 100;
const EACH_EXPRESSION_CHARACTER = 2;
const EACH_EXPRESSION_DIGIT = 15;

/** A decimal number, and a fine one, which is compared with others and with the words around it. */
const EACH_DECIMAL = 550;
const EACH_FINE_DECIMAL = 700;
const EACH_FINE_DECIMAL_WITH_WORDS = 1_900;

/** Folding a text before, or undoing one level of its escapes. */
const EACH_NORMALIZED_TEXT = 200;
const EACH_NORMALIZED_CHARACTER = 12;

/** Parsing a text that may be JSON. Failing takes more. */
const EACH_JSON = 3_000;
const EACH_CHARACTER_OF_JSON = 10;

const EACH_LIST = 100;
const SHORT_LIST = 4;
/** Each can be one number of a pair, and is read as one. */
const EACH_MEMBER: Readonly<Record<Effort, number>> = { none: 60, read: 280, fold: 700 };

/** A new key is folded, split into words and looked up. */
const EACH_KEY = 1_300;
const EACH_SEARCHED_KEY = 3_000;
const EACH_NAME = 300;
const EACH_NAME_CHARACTER = 40;
const EACH_UNUSUAL_NAME_CHARACTER = 80;
const EACH_KNOWN_KEY = 40;
const EACH_KEY_CHARACTER = 40;
const EACH_UNUSUAL_KEY_CHARACTER = 150;
const EACH_LONG_KEY_CHARACTER = 60;

/** Folded before it is looked up. */
const UNUSUAL = /[^ -~]/;

/** Fewer than the policies that are remembered. */
const MAX_KNOWN_KEYS = 500;
export const MAX_KNOWN_KEY = 64;

export class SearchBudget {
  readonly #units: number;
  #left: number;
  readonly #knownKeys = new Set<string>();

  /** `size`: of the record, as in `sizeOf`. */
  constructor(size: number) {
    this.#units = EACH_RECORD + EACH_BYTE * size;
    this.#left = this.#units;
  }

  /** Uses the units of one search of a text. Returns whether enough were left. */
  takeText({ length, digits }: Characters): boolean {
    return this.#take(EACH_SEARCH + length * EACH_CHARACTER + digits * EACH_DIGIT);
  }

  /** The same for checking whether the text may have one form of places. */
  takeForm(length: number): boolean {
    return this.#take(EACH_FORM + length * EACH_FORM_CHARACTER);
  }

  /** The same for looking for one form of places in this text. */
  takeExpression({ length, digits }: Characters): boolean {
    return this.#take(
      EACH_EXPRESSION + length * EACH_EXPRESSION_CHARACTER + digits * EACH_EXPRESSION_DIGIT,
    );
  }

  /** The same for a decimal number. `isClose`: to another one, with no word in between. */
  takeDecimal(isFine: boolean, isClose: boolean): boolean {
    if (!isFine) return this.#take(EACH_DECIMAL);
    return this.#take(isClose ? EACH_FINE_DECIMAL : EACH_FINE_DECIMAL_WITH_WORDS);
  }

  /** The same for making another form of a text, to search it too. */
  takeNormalized(length: number): boolean {
    return this.#take(EACH_NORMALIZED_TEXT + length * EACH_NORMALIZED_CHARACTER);
  }

  takeJson(length: number): boolean {
    return this.#take(EACH_JSON + length * EACH_CHARACTER_OF_JSON);
  }

  /** The same for comparing the members of a list. In a short one, each is read several times. */
  takeList(list: readonly Json[]): boolean {
    if (this.isUsedUp) return false;
    let units = EACH_LIST;
    for (const item of list) {
      const effort = effortOf(item);
      units += EACH_MEMBER[effort] * (effort !== "none" && list.length <= SHORT_LIST ? 3 : 1);
    }
    return this.#take(units);
  }

  /** The same for comparing a member of an object. */
  takeMember(value: Json | undefined): boolean {
    return this.#take(EACH_MEMBER[effortOf(value)]);
  }

  /** The same for checking whether a short text names a coordinate. */
  takeName(name: string): boolean {
    const each = UNUSUAL.test(name) ? EACH_UNUSUAL_NAME_CHARACTER : EACH_NAME_CHARACTER;
    return this.#take(EACH_NAME + name.length * each);
  }

  /**
   * The same for checking a key. `searchOf`: the units that searching it as a text takes. A long one uses them by
   * itself.
   */
  takeKey(key: string, searchOf: (key: string) => number): boolean {
    if (this.#isKnown(key)) return this.#take(EACH_KNOWN_KEY);
    const { length } = key;
    if (length > MAX_KNOWN_KEY) return this.#take(EACH_KEY + length * EACH_LONG_KEY_CHARACTER);
    const character = UNUSUAL.test(key) ? EACH_UNUSUAL_KEY_CHARACTER : EACH_KEY_CHARACTER;
    if (!this.#take(EACH_KEY + length * character)) return false;
    const search = searchOf(key);
    return search === 0 || this.#take(EACH_SEARCHED_KEY + search);
  }

  /** Whether the record had this key before: it is looked up and no more. */
  #isKnown(key: string): boolean {
    if (this.#knownKeys.has(key)) return true;
    if (this.#knownKeys.size < MAX_KNOWN_KEYS && key.length <= MAX_KNOWN_KEY) {
      this.#knownKeys.add(key);
    }
    return false;
  }

  get used(): number {
    return this.#units - this.#left;
  }

  get isUsedUp(): boolean {
    return this.#left < 0;
  }

  #take(units: number): boolean {
    this.#left -= units;
    return this.#left >= 0;
  }
}

/** Characters of a record as JSON, without the escapes. Recursion is safe: no record is nested deeper than `maxDepth`. */
export function sizeOf(value: Json | undefined, maxDepth: number): number {
  if (typeof value === "string") return value.length + 3;
  if (typeof value !== "object" || value === null || maxDepth < 0) return 2;
  let size = 3;
  if (!isObject(value)) {
    for (const item of value) size += sizeOf(item, maxDepth - 1);
    return size;
  }
  for (const key in value) size += key.length + 3 + sizeOf(value[key], maxDepth - 1);
  return size;
}
