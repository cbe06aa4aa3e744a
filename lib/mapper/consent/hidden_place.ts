/**
 * Removes places from a record where no schema expects them: under keys that name a place, in text, in JSON
 * inside text, in pairs of numbers. The lists are in `place_key.ts` and `place_text.ts`.
 */

import { isObject, type Json, type JsonObject } from "../../decoder/json.ts";
import { roundGeohash } from "../geo/geohash.ts";
import { isGeohash } from "./bare_geohash.ts";
import { keyPolicy } from "./place_key.ts";
import { isPlace, placesAmong } from "./place_list.ts";
import {
  hasXAndY,
  isAngleObject,
  isNamedPlace,
  isOrderedPair,
  isPlaceWithKey,
  isTile,
  type Ordered,
  orderedMember,
} from "./place_object.ts";
import { isFineNumber } from "../geo/place_number.ts";
import { isSearched, PLACE_REMOVED, withoutPlaces } from "./place_text.ts";
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
 * the top level. Null when it is nested deeper than 128 levels.
 */
export function withoutHiddenPlaces(
  record: JsonObject,
  except: ReadonlySet<string>,
): JsonObject | null {
  try {
    const budget = new SearchBudget(sizeOf(record, MAX_DEPTH));
    return cleanObject(record, { inPlace: false, depth: 0, budget }, except);
  } catch (error) {
    if (error === TOO_DEEP) return null;
    throw error;
  }
}

interface Where {
  /** Whether it is under a key that may name a place. */
  readonly inPlace: boolean;
  readonly depth: number;
  /** The remaining budget for the whole record. */
  readonly budget: SearchBudget;
}

const NONE: ReadonlySet<string> = new Set();

/** A value without its places; undefined when nothing may be kept. */
function clean(value: Json, where: Where): Json | undefined {
  if (typeof value === "string") return cleanText(value, where);
  if (typeof value === "number") return where.inPlace && isTelling(value) ? undefined : value;
  if (typeof value !== "object" || value === null) return value;
  if (where.depth >= MAX_DEPTH) throw TOO_DEEP;
  const below = { ...where, depth: where.depth + 1 };
  if (!isObject(value)) return cleanList(value, below);
  return isAngleObject(value) || isTile(value) ? undefined : cleanObject(value, below, NONE);
}

function cleanObject(object: JsonObject, around: Where, except: ReadonlySet<string>): JsonObject {
  const where = !around.inPlace && (isNamedPlace(object, around.budget) || hasXAndY(object))
    ? { ...around, inPlace: true }
    : around;
  let unread: string | undefined;
  let ordered: Ordered | null = null;
  // Most objects contain no place, so only changes are recorded.
  let changes: Map<string, Json | undefined> | undefined;
  for (const key in object) {
    if (except.has(key)) continue;
    const value = object[key];
    if (value === undefined) continue;
    if (!where.budget.takeKey(key, isSearched) || !where.budget.takeMember(value)) {
      unread = key;
      break;
    }
    const next = orderedMember(key, value);
    const isPair = isOrderedPair(ordered, next);
    if (isPair && ordered !== null) (changes ??= new Map()).set(ordered.key, undefined);
    ordered = next;
    const cleaned = isPair ? undefined : cleanMember(object, key, value, where);
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

function cleanMember(
  object: JsonObject,
  key: string,
  value: Json,
  where: Where,
): Json | undefined {
  switch (keyPolicy(key)) {
    case "keep":
      if (isPlaceWithKey(key, value)) return undefined;
      if (key === "value" && object.$type === H3_TYPE) return undefined;
      return clean(value, where);
    case "inspect":
      return clean(value, where.inPlace ? where : { ...where, inPlace: true });
    case "cut":
      return cutGeohash(value);
    case "remove":
      return undefined;
  }
}

function cleanList(list: readonly Json[], where: Where): Json | undefined {
  if (!where.budget.takeList(list)) return undefined;
  if (isPlace(list, where.inPlace)) return undefined;
  const places = placesAmong(list, where.budget);
  let changed = false;
  const kept: Json[] = [];
  for (const [index, item] of list.entries()) {
    const cleaned = places.has(index) ? undefined : clean(item, where);
    if (cleaned !== item) changed = true;
    if (cleaned !== undefined) kept.push(cleaned);
  }
  return changed ? kept : list;
}

function cleanText(text: string, where: Where): string {
  if (looksLikeJson(text)) {
    const cleaned = cleanJson(text, where);
    if (cleaned !== null) return cleaned;
  }
  if (where.inPlace) {
    if (WHOLE_NUMBER.test(text) && isTelling(Number(text))) return PLACE_REMOVED;
    if (isGeohash(text)) return roundGeohash(text) ?? PLACE_REMOVED;
  }
  const left = withoutPlaces(text, where.inPlace, where.budget);
  return where.inPlace && left.trim() === PLACE_REMOVED ? PLACE_REMOVED : left;
}

/**
 * JSON text without its places; null when it is not JSON, or nested too deep to tell. JSON in text in JSON in
 * text … ends soon: every level doubles the escapes.
 */
function cleanJson(text: string, where: Where): string | null {
  if (!where.budget.takeJson(text.length)) return PLACE_REMOVED;
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  let cleaned: Json | undefined;
  try {
    cleaned = clean(value, where);
  } catch (error) {
    if (error === TOO_DEEP) return null;
    throw error;
  }
  if (cleaned === undefined) return PLACE_REMOVED;
  // A repeated key hides its first value from the parser.
  const left = cleaned === value ? text : JSON.stringify(cleaned);
  return withoutPlaces(left, where.inPlace, where.budget);
}

/** A failing parse costs a hundred times as much as this check. */
function looksLikeJson(text: string): boolean {
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
