/**
 * Removes places from a record where no schema expects them: under keys that name a place, in text, in JSON
 * inside text, in pairs of numbers. The lists are in `place_key.ts` and `place_text.ts`.
 */

import { isObject, type Json, type JsonObject } from "../../decoder/json.ts";
import { roundGeohash } from "../geo/geohash.ts";
import { isGeohash } from "./bare_geohash.ts";
import { type MemberKey, memberKeyOf, searchOfKey } from "./member_key.ts";
import { isPlace, placesAmong } from "./place_list.ts";
import {
  isAngleObject,
  isNamedPlace,
  isOrderedPair,
  isPlaceWithKey,
  isTile,
  type Ordered,
  orderedMember,
  rolesOf,
} from "./place_object.ts";
import { isFineNumber } from "../geo/place_number.ts";
import { isAsciiDigit, isAsciiLetter } from "../place_text/ascii.ts";
import { PLACE_REMOVED, withoutPlaces } from "./place_text.ts";
import { SearchBudget, sizeOf } from "../place_text/search_budget.ts";

/** Deeper records are refused: no app nests so deep, and every level is a stack frame. */
const MAX_DEPTH = 128;

/** Larger integers can be degrees in small units, or metres from the equator. */
const MAX_WHOLE = 100_000;

/** An H3 cell of any size, from the community lexicon: its key alone doesn't identify it. */
const H3_TYPE = "community.lexicon.location.hthree";

const WHOLE_NUMBER = /^\s*[-+]?\d{6,}\s*$/;

const JSON_START = /^\s*(?:\{\s*["}]|\[\s*["{[\]\-\dtfn])/;
const JSON_END = /[\]}]\s*$/;
/** Spaces after JSON that are tolerated; with more, it is searched as text. */
const MAX_PADDING = 64;

/** Thrown only inside the walk. */
const TOO_DEEP = new RangeError("cannot look for places: the record is nested too deep");

/**
 * The record without hidden places, or the same object when there are none. Keys in `except` are skipped at
 * the top level. `size`, as in `sizeOf`, limits the search. Null when the record is nested deeper than 128 levels.
 */
export function withoutHiddenPlaces(
  record: JsonObject,
  except: ReadonlySet<string>,
  size: number = sizeOf(record, MAX_DEPTH),
): JsonObject | null {
  try {
    return new Walk(size).cleanRecord(record, except);
  } catch (error) {
    if (error === TOO_DEEP) return null;
    throw error;
  }
}

const NONE: ReadonlySet<string> = new Set();

/**
 * The walk through one record. `inPlace` is whether a value is under a key that may name a place, or beside a
 * member that says so.
 */
class Walk {
  /** What is left for the whole record. */
  readonly #budget: SearchBudget;

  /** `size`: of the record, as in `sizeOf`. */
  constructor(size: number) {
    this.#budget = new SearchBudget(size);
  }

  cleanRecord(record: JsonObject, except: ReadonlySet<string>): JsonObject {
    return this.#cleanObject(record, rolesOf(record), false, 0, except);
  }

  /** A value without its places; undefined when nothing may be kept. */
  #clean(value: Json, inPlace: boolean, depth: number): Json | undefined {
    if (typeof value === "string") return this.#cleanText(value, inPlace, depth);
    if (typeof value === "number") return inPlace && isTelling(value) ? undefined : value;
    if (typeof value !== "object" || value === null) return value;
    if (depth >= MAX_DEPTH) throw TOO_DEEP;
    if (!isObject(value)) return this.#cleanList(value, inPlace, depth + 1);
    const roles = rolesOf(value);
    if (isAngleObject(value, roles) || isTile(value, roles)) return undefined;
    return this.#cleanObject(value, roles, inPlace, depth + 1, NONE);
  }

  #cleanObject(
    object: JsonObject,
    roles: number,
    isUnderPlace: boolean,
    depth: number,
    except: ReadonlySet<string>,
  ): JsonObject {
    const inPlace = isUnderPlace || isNamedPlace(object, roles, this.#budget);
    let unread: string | undefined;
    let ordered: Ordered | null = null;
    // Most objects contain no place, so only changes are recorded.
    let changes: Map<string, Json | undefined> | undefined;
    for (const key in object) {
      if (except.has(key)) continue;
      const value = object[key];
      if (value === undefined) continue;
      if (!this.#budget.takeKey(key, searchOfKey) || !this.#budget.takeMember(value)) {
        unread = key;
        break;
      }
      const memberKey = memberKeyOf(key, this.#budget);
      const next = memberKey.isOrdering ? orderedMember(key, value) : null;
      const isPair = isOrderedPair(ordered, next);
      if (isPair && ordered !== null) (changes ??= new Map()).set(ordered.key, undefined);
      ordered = next;
      const cleaned = isPair
        ? undefined
        : this.#cleanMember(object, key, memberKey, inPlace, depth);
      if (cleaned === value) continue;
      changes ??= new Map();
      changes.set(key, cleaned);
    }
    if (changes === undefined && unread === undefined) return object;
    const entries: [string, Json][] = [];
    let isRead = true;
    for (const key in object) {
      isRead &&= key !== unread;
      if (!isRead && !except.has(key)) continue;
      const cleaned = changes?.has(key) ? changes.get(key) : object[key];
      if (cleaned !== undefined) entries.push([key, cleaned]);
    }
    // Defines properties instead of assigning: `__proto__` stays an ordinary key.
    return Object.fromEntries(entries);
  }

  #cleanMember(
    object: JsonObject,
    key: string,
    { policy, hasDigit }: MemberKey,
    inPlace: boolean,
    depth: number,
  ): Json | undefined {
    const value = object[key]!;
    switch (policy) {
      case "keep":
        if (hasDigit && isPlaceWithKey(key, value)) return undefined;
        if (key === "value" && object.$type === H3_TYPE) return undefined;
        return this.#clean(value, inPlace, depth);
      case "inspect":
        return this.#clean(value, true, depth);
      case "cut":
        return cutGeohash(value);
      case "remove":
        return undefined;
    }
  }

  #cleanList(list: readonly Json[], inPlace: boolean, depth: number): Json | undefined {
    if (!this.#budget.takeList(list)) return undefined;
    if (isPlace(list, inPlace)) return undefined;
    const places = placesAmong(list, this.#budget);
    let kept: Json[] | undefined;
    for (let index = 0; index < list.length; index++) {
      const item = list[index]!;
      const cleaned = places.has(index) ? undefined : this.#clean(item, inPlace, depth);
      if (cleaned !== item) kept ??= list.slice(0, index);
      if (kept !== undefined && cleaned !== undefined) kept.push(cleaned);
    }
    return kept ?? list;
  }

  #cleanText(text: string, inPlace: boolean, depth: number): string {
    if (looksLikeJson(text)) {
      const cleaned = this.#cleanJson(text, inPlace, depth);
      if (cleaned !== null) return cleaned;
    }
    if (inPlace) {
      if (WHOLE_NUMBER.test(text) && isTelling(Number(text))) return PLACE_REMOVED;
      if (isGeohash(text)) return roundGeohash(text) ?? PLACE_REMOVED;
    }
    const left = withoutPlaces(text, inPlace, this.#budget);
    return inPlace && left.trim() === PLACE_REMOVED ? PLACE_REMOVED : left;
  }

  /**
   * JSON text without its places; null when it is not JSON, or nested too deep to tell. JSON in text in JSON in
   * text … ends soon: every level doubles the escapes.
   */
  #cleanJson(text: string, inPlace: boolean, depth: number): string | null {
    if (!this.#budget.takeJson(text.length)) return PLACE_REMOVED;
    let value: Json;
    try {
      value = JSON.parse(text);
    } catch {
      return null;
    }
    let cleaned: Json | undefined;
    try {
      cleaned = this.#clean(value, inPlace, depth);
    } catch (error) {
      if (error === TOO_DEEP) return null;
      throw error;
    }
    if (cleaned === undefined) return PLACE_REMOVED;
    // A repeated key hides its first value from the parser.
    if (cleaned === value) return withoutPlaces(text, inPlace, this.#budget);
    const left = JSON.stringify(cleaned);
    this.#budget.takeJson(left.length);
    return withoutPlaces(left, inPlace, this.#budget);
  }
}

/** A failing parse costs a hundred times as much as this check. */
function looksLikeJson(text: string): boolean {
  const first = text.charCodeAt(0);
  if (isAsciiLetter(first) || isAsciiDigit(first)) return false;
  return JSON_START.test(text) && JSON_END.test(text.slice(-MAX_PADDING));
}

function isTelling(value: number): boolean {
  return isFineNumber(value) || Math.abs(value) > MAX_WHOLE;
}

function cutGeohash(value: Json): Json | undefined {
  if (typeof value === "string") return roundGeohash(value) ?? undefined;
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((item) => typeof item === "string" ? roundGeohash(item) ?? [] : []);
}
