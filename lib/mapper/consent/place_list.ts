/** Which members of a list or an object form a place together. */

import type { Json, JsonObject } from "../../decoder/json.ts";
import { keyPolicy } from "./place_key.ts";
import { isFineNumber, isFinePair } from "../geo/place_number.ts";
import { foldText } from "../place_text/fold.ts";

/** A coordinate as text: the network's data model has no fractions, so apps write texts. */
const COORDINATE =
  /^\s*[NSEWO]?\s*([-+]?\d{1,3}(?:[.,]\d+)?(?:e[-+]?\d{1,2})?)\s*°?\s*[NSEWO]?\s*$/i;
const MAX_COORDINATE = 40;

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
];
const MAX_NAME = 32;

const NONE: ReadonlySet<number> = new Set();

/** Whether a whole list is a place: two to four numbers, as longitude, latitude and altitude. */
export function isPlace(list: readonly Json[], isUnderPlace: boolean): boolean {
  if (list.length < 2 || list.length > 4) return false;
  if (isFinePair(numberOf(list[0]), numberOf(list[1]))) return true;
  return isUnderPlace && list.length === 3 && isSexagesimal(list.map(numberOf));
}

/** The members of a list that are a pair of coordinates, or follow their name. */
export function placesAmong(list: readonly Json[]): ReadonlySet<number> {
  let found: Set<number> | undefined;
  let before = NaN;
  for (let index = 0; index < list.length; index++) {
    const number = numberOf(list[index]);
    const isPair = isFinePair(before, number);
    if (isPair) (found ??= new Set()).add(index - 1).add(index);
    else if (isFineNumber(number) && isName(list[index - 1])) (found ??= new Set()).add(index);
    before = number;
  }
  return found ?? NONE;
}

/** Whether a member of an object says that the others are coordinates. */
export function isNamedPlace(object: JsonObject): boolean {
  return NAMING_KEYS.some((key) => Object.hasOwn(object, key) && isName(object[key]));
}

/** Whether `x` and `y` of an object are degrees. */
export function hasXAndY(object: JsonObject): boolean {
  return Object.hasOwn(object, "x") && Object.hasOwn(object, "y") &&
    isFinePair(numberOf(object.x), numberOf(object.y));
}

/** Whether a key and its value are a pair of coordinates. */
export function isPlaceWithKey(key: string, value: Json): boolean {
  return /\d/.test(key) && isFinePair(numberOf(key), numberOf(value));
}

function isName(value: Json | undefined): boolean {
  return typeof value === "string" && value.length <= MAX_NAME && keyPolicy(value) === "remove";
}

/** NaN for anything but a number. */
function numberOf(value: Json | undefined): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.length > MAX_COORDINATE) return NaN;
  const [, number] = COORDINATE.exec(foldText(value)) ?? [];
  return number === undefined ? NaN : Number(number.replace(",", "."));
}

/** Degrees, minutes and seconds with decimals. */
function isSexagesimal([degrees = NaN, minutes = NaN, seconds = NaN]: readonly number[]): boolean {
  return Math.abs(degrees) <= 180 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60 &&
    !Number.isInteger(seconds);
}
