/** Which members of an object form a place together, although none of their keys does. */

import type { Json, JsonObject } from "../../decoder/json.ts";
import { isFineNumber, isFinePair } from "../geo/place_number.ts";
import { coordinateOf } from "../place_text/coordinate.ts";
import type { SearchBudget } from "../place_text/search_budget.ts";
import { isName, loneNumber } from "./place_list.ts";

/** Keys whose value names the value beside it: `{ "name": "latitude", "value": 47.6062 }`. */
const NAMING_KEYS: readonly string[] = [
  "name",
  "key",
  "k",
  "label",
  "tag",
  "field",
  "property",
  "id",
  "type",
  "kind",
  "axis",
  "attribute",
  "trait_type",
];

/** Keys whose value is a hemisphere: `{ "ref": "N", "value": 47.6062 }`. */
const SIDE_KEYS: readonly string[] = [
  "direction",
  "dir",
  "hemisphere",
  "ref",
  "side",
  "cardinal",
  "h",
];
const SIDE = /^\s*(?:[NSEWO]|north|south|east|west)\s*$/i;

const DEGREE_KEYS: readonly string[] = ["degrees", "degree", "deg", "Degrees", "Deg", "grad", "d"];
const MINUTE_KEYS: readonly string[] = [
  "minutes",
  "minute",
  "min",
  "mins",
  "Minutes",
  "Min",
  "arcmin",
  "m",
];

const X_KEY = /x$/i;
const MAX_X_KEY = 16;

const MAX_ORDERING_KEY = 12;

/** Keys that only number or order a value: `a`, `first`, `_1`, `value2`, `north`. */
const ORDERING_KEY =
  /^_?(?:[a-zφλ]{1,2}|ltd|lgt|latt|lngg|\d{1,2}|(?:loc|pos|item|value|val|num|number|field|part|arg|component)_?\d{1,2}|first|second|one|two|phi|lambda|north|south|east|west)$/i;

/** Whether a member of an object says that the others are coordinates. */
export function isNamedPlace(object: JsonObject, budget: SearchBudget): boolean {
  return NAMING_KEYS.some((key) => Object.hasOwn(object, key) && isName(object[key], budget)) ||
    hasSide(object) || hasDegrees(object);
}

/** Whether `x` and `y` of an object are degrees, also as `posX` and `posY`. */
export function hasXAndY(object: JsonObject): boolean {
  for (const key in object) {
    if (key.length > MAX_X_KEY || !X_KEY.test(key)) continue;
    const other = key.slice(0, -1) + (key.endsWith("x") ? "y" : "Y");
    if (!Object.hasOwn(object, other)) continue;
    if (isFinePair(loneNumber(object[key]), loneNumber(object[other]))) return true;
  }
  return false;
}

const UNIT_KEYS: readonly string[] = ["unit", "units", "uom", "unitText"];
const DEGREES = /^\s*(?:°|deg|degrees?|grad)\.?\s*$/i;

/** Whether an object gives a number in degrees: `{ "value": 47.6062, "unit": "deg" }`. */
function hasDegrees(object: JsonObject): boolean {
  return UNIT_KEYS.some((key) => {
    const unit = Object.hasOwn(object, key) ? object[key] : null;
    return typeof unit === "string" && unit.length < 16 && DEGREES.test(unit);
  });
}

const ZOOM_KEYS: readonly string[] = ["z", "zoom"];

/** Whether an object is a tile of a map, of half a kilometre or less: `{ "z": 17, "x": 102519, "y": 37000 }`. */
export function isTile(object: JsonObject): boolean {
  if (!Object.hasOwn(object, "x") || !Object.hasOwn(object, "y")) return false;
  const zoom = ZOOM_KEYS.map((key) => Object.hasOwn(object, key) ? Number(object[key]) : NaN)
    .find((zoom) => zoom >= 16 && zoom <= 23);
  if (zoom === undefined) return false;
  const sides = [Number(object.x), Number(object.y)];
  return sides.every((side) => Number.isInteger(side) && side >= 1000 && side < 2 ** zoom);
}

/** Whether a key and its value are a pair of coordinates. */
export function isPlaceWithKey(key: string, value: Json): boolean {
  return /\d/.test(key) && isFinePair(coordinateOf(key), coordinateOf(value));
}

/** Whether an object is an angle in degrees and minutes. Without a hemisphere, `d` and `m` can be a duration. */
export function isAngleObject(object: JsonObject): boolean {
  const degrees = DEGREE_KEYS.find((key) => Object.hasOwn(object, key));
  if (degrees === undefined) return false;
  const minutes = MINUTE_KEYS.find((key) => Object.hasOwn(object, key));
  if (minutes === undefined) return false;
  return Math.abs(coordinateOf(object[degrees])) <= 180 && coordinateOf(object[minutes]) < 60 &&
    (degrees !== "d" || hasSide(object));
}

/** A fine number under such a key. */
export interface Ordered {
  readonly key: string;
  readonly number: number;
}

/** Null for any other member. */
export function orderedMember(key: string, value: Json): Ordered | null {
  if (typeof value !== "number" && typeof value !== "string") return null;
  if (key.length > MAX_ORDERING_KEY || !ORDERING_KEY.test(key)) return null;
  const number = coordinateOf(value);
  return isFineNumber(number) ? { key, number } : null;
}

/** Whether two such members are a pair. */
export function isOrderedPair(one: Ordered | null, other: Ordered | null): boolean {
  return one !== null && other !== null && isFinePair(one.number, other.number);
}

function hasSide(object: JsonObject): boolean {
  return SIDE_KEYS.some((key) => {
    const side = Object.hasOwn(object, key) ? object[key] : null;
    return typeof side === "string" && side.length < 8 && SIDE.test(side);
  });
}
