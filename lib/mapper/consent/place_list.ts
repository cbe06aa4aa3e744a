/** Which members of a list form a place together. */

import { isObject, type Json, type JsonObject } from "../../decoder/json.ts";
import { namesCoordinate } from "./place_key.ts";
import { PLACE_REMOVED } from "./place_text.ts";
import { isFineNumber, isFinePair } from "../geo/place_number.ts";
import { coordinateOf, isSexagesimal } from "../place_text/coordinate.ts";
import { foldText } from "../place_text/unicode_fold.ts";
import type { SearchBudget } from "../place_text/search_budget.ts";
import { DIRECTION_WORDS } from "../place_text/word.ts";

const MAX_NAME = 32;

/** Members between two coordinates that don't separate them: signs, directions, null. */
const MAX_BETWEEN = 12;
const MEMBERS_BETWEEN = 2;

/** A number may be so many lists and objects deep, by itself in each. */
const MAX_NESTED = 2;

const FRACTION = /^\d{1,10}\/10{0,9}$/;

const NONE: ReadonlySet<number> = new Set();

/** Whether a whole list is a place: two to four numbers, as longitude, latitude and altitude. */
export function isPlace(list: readonly Json[], isUnderPlace: boolean): boolean {
  if (list.length < 2 || list.length > 4) return false;
  if (isFinePair(coordinateOf(list[0]), coordinateOf(list[1]))) return true;
  if (list.length !== 3) return false;
  return isUnderPlace && isSexagesimal(list.map(coordinateOf)) || isFractions(list);
}

/** The members of a list that are a pair of coordinates, or follow their name. */
export function placesAmong(list: readonly Json[], budget: SearchBudget): ReadonlySet<number> {
  let found: Set<number> | undefined;
  let before = NaN;
  let beforeAt = 0;
  let wasAngle = false;
  for (let index = 0; index < list.length; index++) {
    const item = list[index]!;
    const number = loneNumber(item);
    if (isFinePair(before, number)) (found ??= new Set()).add(beforeAt).add(index);
    else if (isFineNumber(number) && isName(list[index - 1], budget)) {
      (found ??= new Set()).add(index);
    }
    const isNextAngle = isAngle(item);
    if (wasAngle && isNextAngle) (found ??= new Set()).add(index - 1).add(index);
    wasAngle = isNextAngle;
    const isNear = !Number.isNaN(before) && index - beforeAt <= MEMBERS_BETWEEN;
    if (isNear && saysNothing(item)) continue;
    before = number;
    beforeAt = index;
  }
  return found ?? NONE;
}

/**
 * Whether a text is the name of a coordinate; true as well when the budget is used up. One that a place was removed
 * from told the place itself: its marker makes it no name.
 */
export function isName(value: Json | undefined, budget: SearchBudget): boolean {
  if (typeof value !== "string" || value.length > MAX_NAME) return false;
  if (value.includes(PLACE_REMOVED)) return false;
  return !budget.takeName(value) || namesCoordinate(value);
}

/** A number, also as the only member of a list or an object: `[[61.4], [101.6]]`, `[{"v": 61.4}, …]`. */
export function loneNumber(value: Json | undefined): number {
  let left = value;
  for (let depth = 0; typeof left === "object" && left !== null; depth++) {
    if (depth >= MAX_NESTED) return NaN;
    left = isObject(left) ? onlyMember(left) : left.length === 1 ? left[0] : undefined;
  }
  return coordinateOf(left ?? undefined);
}

/** Undefined for an object of no members or of several. */
function onlyMember(object: JsonObject): Json | undefined {
  let only: Json | undefined;
  for (const key in object) {
    if (only !== undefined) return undefined;
    only = object[key];
  }
  return only;
}

function saysNothing(value: Json): boolean {
  if (value === null) return true;
  if (typeof value !== "string" || value.length > MAX_BETWEEN) return false;
  if (/\d/.test(value)) return false;
  return !/[\p{L}\p{N}]/u.test(value) || DIRECTION_WORDS.has(foldText(value).trim().toLowerCase());
}

function isAngle(value: Json): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  // Most lists of three end here.
  const seconds = coordinateOf(value[2]);
  if (Number.isNaN(seconds) || Number.isInteger(seconds)) return false;
  return isSexagesimal(value.map(coordinateOf));
}

/** Degrees, minutes and seconds as a camera's fractions: `[[61, 1], [22, 1], [5491, 100]]`. */
function isFractions(list: readonly Json[]): boolean {
  const degrees = fractionOf(list[0]!);
  if (Number.isNaN(degrees)) return false;
  const [, minutes = NaN, seconds = NaN] = list.map(fractionOf);
  return Math.abs(degrees) <= 180 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60;
}

/** NaN for anything but a fraction whose denominator is a power of ten. */
function fractionOf(value: Json): number {
  if (typeof value === "string" && !FRACTION.test(value)) return NaN;
  const parts = typeof value === "string" ? value.split("/") : value;
  if (!Array.isArray(parts) || parts.length !== 2) return NaN;
  const [above, below] = parts.map(Number);
  if (above === undefined || !Number.isInteger(above) || below === undefined) return NaN;
  return /^10*$/.test(String(below)) ? above / below : NaN;
}
