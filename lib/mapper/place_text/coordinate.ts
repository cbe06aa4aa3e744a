/** A coordinate on its own: a number, or a text that is one. */

import type { Json } from "../../decoder/json.ts";
import { isAsciiDigit, isAsciiLetter } from "./ascii.ts";
import { foldText } from "./unicode_fold.ts";

/** A coordinate as text: the network's data model has no fractions, so its apps write texts. */
const COORDINATE =
  /^[\s()[\]{}"';]*(?:[a-z][\s:=]*)?([-+]?\d{1,3}(?:[.,]\d+)?(?:e[-+]?\d{1,2})?)(?:\s*°)?(?:\s*[NSEWO])?[\s()[\]{}"',;]*$/i;
const MAX_COORDINATE = 40;
/** A letter in front, the e of an exponent, and a direction. */
const MAX_LETTERS = 3;

const MAX_FOLDED = 24;
/** Directions are its only letters. */
const FEW_LETTERS = /^\P{L}*(?:\p{L}\P{L}*){0,2}$/u;

/** What `coordinateOf` takes for a value: nothing to speak of, reading a text, or folding it before. */
export type Effort = "none" | "read" | "fold";

/** Looks at each character only once: most texts are none. */
export function effortOf(value: Json | undefined): Effort {
  if (typeof value !== "string" || value.length > MAX_COORDINATE) return "none";
  let digits = 0;
  let letters = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (isAsciiDigit(code)) digits++;
    else if (isAsciiLetter(code)) letters++;
    else if (code < 0x20 || code > 0x7e) return mayBeFolded(value) ? "fold" : "none";
    // With a character to fold, there can be even fewer.
    if (letters > MAX_LETTERS) return "none";
  }
  return digits > 0 ? "read" : "none";
}

function mayBeFolded(text: string): boolean {
  return text.length <= MAX_FOLDED && FEW_LETTERS.test(text);
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
