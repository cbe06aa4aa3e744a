/** Which members of an object form a place together, although none of their keys does. */

import type { Json, JsonObject } from "../../decoder/json.ts";
import { isFineNumber, isFinePair } from "../geo/place_number.ts";
import { coordinateOf } from "../place_text/coordinate.ts";
import type { SearchBudget } from "../place_text/search_budget.ts";
import { isName, loneNumber } from "./place_list.ts";

/** What the other members of an object are read by, as one bit each. */
const NAMING = 1;
const SIDE = 2;
const DEGREES = 4;
const MINUTES = 8;
const UNIT = 16;
const ZOOM = 32;
const X = 64;

/** In each list, earlier keys go before later ones. */
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
const ZOOM_KEYS: readonly string[] = ["z", "zoom"];

const ROLES: ReadonlyMap<string, number> = new Map([
  // Keys whose value names the value beside it: `{ "name": "latitude", "value": 47.6062 }`.
  ...role(NAMING, [
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
  ]),
  // Keys whose value is a hemisphere: `{ "ref": "N", "value": 47.6062 }`.
  ...role(SIDE, ["direction", "dir", "hemisphere", "ref", "side", "cardinal", "h"]),
  ...role(DEGREES, DEGREE_KEYS),
  ...role(MINUTES, MINUTE_KEYS),
  ...role(UNIT, ["unit", "units", "uom", "unitText"]),
  ...role(ZOOM, ZOOM_KEYS),
]);

function role(role: number, keys: readonly string[]): [string, number][] {
  return keys.map((key) => [key, role]);
}

/** The roles that the keys of an object have, together: most have none. */
export function rolesOf(object: JsonObject): number {
  let roles = 0;
  for (const key in object) roles |= roleOf(key);
  return roles;
}

function roleOf(key: string): number {
  if ((key.charCodeAt(key.length - 1) | 32) === 0x78 && key.length <= MAX_X_KEY) return X;
  return key.length <= MAX_ROLE_KEY ? ROLES.get(key) ?? 0 : 0;
}

const MAX_ROLE_KEY = 10;
const MAX_X_KEY = 16;

const SIDE_NAME = /^\s*(?:[NSEWO]|north|south|east|west)\s*$/i;
const MAX_SIDE_NAME = 7;

const DEGREE_UNIT = /^\s*(?:°|deg|degrees?|grad)\.?\s*$/i;
const MAX_UNIT = 15;

/** Whether a member of an object says that the others are coordinates. */
export function isNamedPlace(object: JsonObject, roles: number, budget: SearchBudget): boolean {
  if ((roles & (NAMING | SIDE | UNIT | X)) === 0) return false;
  for (const key in object) {
    const value = object[key];
    switch (roleOf(key)) {
      case NAMING:
        if (isName(value, budget)) return true;
        break;
      case SIDE:
        if (isSideName(value)) return true;
        break;
      // A number in degrees: `{ "value": 47.6062, "unit": "deg" }`.
      case UNIT:
        if (typeof value !== "string" || value.length > MAX_UNIT) break;
        if (DEGREE_UNIT.test(value)) return true;
        break;
      case X:
        if (isXAndY(object, key)) return true;
    }
  }
  return false;
}

/** Whether `x` and `y` of an object are degrees, also as `posX` and `posY`. */
function isXAndY(object: JsonObject, key: string): boolean {
  const other = key.slice(0, -1) + (key.endsWith("x") ? "y" : "Y");
  return Object.hasOwn(object, other) &&
    isFinePair(loneNumber(object[key]), loneNumber(object[other]));
}

/** Whether an object is a tile of a map, of half a kilometre or less: `{ "z": 17, "x": 102519, "y": 37000 }`. */
export function isTile(object: JsonObject, roles: number): boolean {
  if ((roles & X) === 0 || (roles & ZOOM) === 0) return false;
  if (!Object.hasOwn(object, "x") || !Object.hasOwn(object, "y")) return false;
  const zoom = ZOOM_KEYS.map((key) => Object.hasOwn(object, key) ? Number(object[key]) : NaN)
    .find((zoom) => zoom >= 16 && zoom <= 23);
  if (zoom === undefined) return false;
  const sides = [Number(object.x), Number(object.y)];
  return sides.every((side) => Number.isInteger(side) && side >= 1000 && side < 2 ** zoom);
}

/** Whether a key and its value are a pair of coordinates. */
export function isPlaceWithKey(key: string, value: Json): boolean {
  return isFinePair(coordinateOf(key), coordinateOf(value));
}

/** Whether an object is an angle in degrees and minutes. Without a hemisphere, `d` and `m` can be a duration. */
export function isAngleObject(object: JsonObject, roles: number): boolean {
  if ((roles & DEGREES) === 0 || (roles & MINUTES) === 0) return false;
  const degrees = DEGREE_KEYS.find((key) => Object.hasOwn(object, key));
  if (degrees === undefined) return false;
  const minutes = MINUTE_KEYS.find((key) => Object.hasOwn(object, key));
  if (minutes === undefined) return false;
  return Math.abs(coordinateOf(object[degrees])) <= 180 && coordinateOf(object[minutes]) < 60 &&
    (degrees !== "d" || (roles & SIDE) !== 0 && hasSide(object));
}

/** A fine number under such a key. */
export interface Ordered {
  readonly key: string;
  readonly number: number;
}

/** Null for any other member. */
export function orderedMember(key: string, value: Json): Ordered | null {
  if (typeof value !== "number" && typeof value !== "string") return null;
  const number = coordinateOf(value);
  return isFineNumber(number) ? { key, number } : null;
}

/** Whether two such members are a pair. */
export function isOrderedPair(one: Ordered | null, other: Ordered | null): boolean {
  return one !== null && other !== null && isFinePair(one.number, other.number);
}

function hasSide(object: JsonObject): boolean {
  return Object.keys(object).some((key) => roleOf(key) === SIDE && isSideName(object[key]));
}

function isSideName(value: Json | undefined): boolean {
  return typeof value === "string" && value.length <= MAX_SIDE_NAME && SIDE_NAME.test(value);
}
