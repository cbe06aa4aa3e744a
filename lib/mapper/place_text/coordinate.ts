/** A coordinate on its own: a number, or a text that is one. */

import type { Json } from "../../decoder/json.ts";
import { foldText } from "./unicode_fold.ts";

/** A coordinate as text: the network's data model has no fractions, so its apps write texts. */
const COORDINATE =
  /^[\s()[\]{}"';]*(?:[a-z][\s:=]*)?([-+]?\d{1,3}(?:[.,]\d+)?(?:e[-+]?\d{1,2})?)(?:\s*°)?(?:\s*[NSEWO])?[\s()[\]{}"',;]*$/i;
const MAX_COORDINATE = 40;
/** Folding costs a hundred times as much as this check. */
const PLAIN = /^[ -~]*$/;
const MAX_FOLDED = 24;
/** Directions are its only letters. */
const FEW_LETTERS = /^\P{L}*(?:\p{L}\P{L}*){0,2}$/u;

/** No digit of any script. */
const WITHOUT_DIGIT = /^[ -/:-~]*$/;

/** What `coordinateOf` takes for a value: nothing to speak of, reading a text, or folding it before. */
export type Effort = "none" | "read" | "fold";

export function effortOf(value: Json | undefined): Effort {
  if (typeof value !== "string" || value.length > MAX_COORDINATE || WITHOUT_DIGIT.test(value)) {
    return "none";
  }
  if (PLAIN.test(value)) return "read";
  return value.length > MAX_FOLDED || !FEW_LETTERS.test(value) ? "none" : "fold";
}

/** NaN for anything but a number. */
export function coordinateOf(value: Json | undefined): number {
  if (typeof value === "number") return value;
  const effort = effortOf(value);
  if (typeof value !== "string" || effort === "none") return NaN;
  const [, number] = COORDINATE.exec(effort === "read" ? value : foldText(value)) ?? [];
  return number === undefined ? NaN : Number(number.replace(",", "."));
}

/** Degrees, minutes and seconds with decimals. */
export function isSexagesimal(
  [degrees = NaN, minutes = NaN, seconds = NaN]: readonly number[],
): boolean {
  return Math.abs(degrees) <= 180 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60 &&
    !Number.isInteger(seconds);
}
