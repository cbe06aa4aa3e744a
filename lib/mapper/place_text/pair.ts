/**
 * Places as decimal numbers: two that can be degrees near each other, with anything in between, or one that
 * is called a coordinate.
 */

import { isDegrees } from "../geo/place_number.ts";
import { isCount, isCurrencySign, isMeasured, isSomethingElse } from "./other_numbers.ts";
import { isDigit, type Word, wordAfter, wordBefore, wordFrom } from "./neighbour.ts";
import { type Decimal, isFine, isTypical, mayHaveDecimals, nextDecimal } from "./number.ts";
import type { TextSearch } from "./text_search.ts";
import {
  DEGREE_WORDS,
  DIRECTION_WORDS,
  EXTENT_WORDS,
  isCoordinateWord,
  JOINING_WORDS,
  PLACE_WORDS,
} from "./word.ts";
import { WordList } from "./word_list.ts";

/** Maximum number of characters between the numbers of a pair. */
const MAX_BETWEEN = 40;

/** Between numbers so close there is no word. */
const CLOSE = 2;

const MAX_TO_NAME = 12;
/** Maximum number of words like `is about` between a number and its name. */
const MAX_JOINING = 3;

/** Remnants of `%20` and `!3d`. */
const PARTS_OF_URLS = new WordList("1d 2d 3d 4d 20 22 2c 2f 3a 3b 3d 26 b0 c2");
const NAMED = /^["'\]]{0,3}\s?[:=]/;
const HEMISPHERE = /^[NSEWO]$/;
const SPACE = /\s/;

/** Decimals separated only by signs and by words that belong to coordinates. */
interface Run {
  readonly start: number;
  end: number;
  isPlace: boolean;
}

/** Adds the places in decimal numbers. */
export function addDecimals(search: TextSearch): void {
  if (!mayHaveDecimals(search)) return;
  const { text, budget, isUnderPlace } = search;
  const runs: Run[] = [];
  let run: Run = { start: 0, end: -MAX_BETWEEN, isPlace: false };
  let previous: Decimal | null = null;
  let fine: Decimal | null = null;
  let runOfFine = run;
  let end = 0;
  for (let decimal; (decimal = nextDecimal(text, end)) !== null;) {
    end = decimal.end;
    const isClose = previous !== null && decimal.start - previous.end <= CLOSE;
    if (!budget.takeDecimal(isFine(decimal) || decimal.isGrouped, isClose)) return;
    if (decimal.isGrouped && !isCalled(text, decimal)) continue;
    const isBeside = previous !== null && isSeparator(text, previous.end, decimal.start);
    if (!isBeside) runs.push(run = { start: decimal.start, end: decimal.end, isPlace: false });
    run.end = decimal.end;
    const isPreciseEnough = isFine(decimal) && !isMeasured(text, decimal);
    // For adjacent numbers, one must be fine. With other words in between, both; 12.500 can be.
    if (isBeside && previous !== null && !run.isPlace) {
      run.isPlace = (isPreciseEnough || isFine(previous)) && isPair(text, previous, decimal);
    }
    if (isPreciseEnough) {
      if (fine !== null && !(run.isPlace && runOfFine.isPlace) && isPair(text, fine, decimal)) {
        runOfFine.isPlace = run.isPlace = true;
      }
      // An altitude, or the other corners of a box: numbers next to a place belong to it.
      run.isPlace ||= isCalled(text, decimal) || isUnderPlace && isAlone(decimal);
      fine = decimal;
      runOfFine = run;
    }
    previous = decimal;
  }
  for (const { start, end, isPlace } of runs) if (isPlace) search.add({ start, end });
}

function isPair(text: string, one: Decimal, other: Decimal): boolean {
  return other.start - one.end <= MAX_BETWEEN && isDegrees(one.value, other.value) &&
    !isSomethingElse(text, one, other);
}

function isSeparator(text: string, start: number, end: number): boolean {
  if (end - start > MAX_BETWEEN) return false;
  for (let at = start; at < end;) {
    const word = wordFrom(text, at, end);
    if (word === "") {
      if (isCurrencySign(text.charAt(at))) return false;
      at++;
    } else if (isPartOfPair(word.toLowerCase())) at += word.length;
    else return false;
  }
  return true;
}

function isPartOfPair(word: string): boolean {
  return PARTS_OF_URLS.has(word) || word === "and" || DIRECTION_WORDS.has(word) ||
    DEGREE_WORDS.has(word) || isCoordinateWord(word);
}

/** Under a key that may name a place, a coordinate needs no second one. */
function isAlone(decimal: Decimal): boolean {
  return Math.abs(decimal.value) <= 180 && !isCount(decimal);
}

/** `latitude is about 47.6062`, `47.6062 N`, `startLat=47.6062`. */
function isCalled(text: string, decimal: Decimal): boolean {
  if (Math.abs(decimal.value) > 180) return false;
  return isCalledBefore(text, decimal) || isCalledAfter(text, decimal);
}

function isCalledBefore(text: string, decimal: Decimal): boolean {
  let word = decimal.wordBefore();
  if (word !== null && HEMISPHERE.test(word.written)) {
    const distance = decimal.start - word.end;
    return isTypical(decimal) && distance < 3 && !isDigit(text, word.start - 1);
  }
  if (word !== null && PLACE_WORDS.has(word.text)) {
    // `"position": 47.6062`, as JSON under such a key.
    if (NAMED.test(text.slice(word.end, decimal.start))) return !isCount(decimal);
  }
  for (let count = 0; word !== null && count <= MAX_JOINING; count++) {
    if (isCoordinateName(word)) return true;
    if (!JOINING_WORDS.has(word.text)) return false;
    word = wordBefore(text, word.start, MAX_TO_NAME);
  }
  return false;
}

function isCalledAfter(text: string, decimal: Decimal): boolean {
  const { end } = decimal;
  // Of a temperature or of a turn, nobody says four decimals.
  if (isTypical(decimal) && (text[end] === "°" || text[end + 1] === "°" && isSpace(text[end]))) {
    return true;
  }
  let word = decimal.wordAfter();
  if (word !== null && DEGREE_WORDS.has(word.text)) word = wordAfter(text, word.end, 4);
  if (word === null) return false;
  if (word.written.length === 1) return HEMISPHERE.test(word.written) && !isDigit(text, word.end);
  return isCoordinateName(word) || DIRECTION_WORDS.has(word.text);
}

function isSpace(sign: string | undefined): boolean {
  return sign === " " || sign !== undefined && SPACE.test(sign);
}

const IN_CAMEL_CASE = /[a-z](?:Lat|Lng|Lon|Long)$/;

function isCoordinateName({ text, written }: Word): boolean {
  return isCoordinateWord(text) || EXTENT_WORDS.has(text) || IN_CAMEL_CASE.test(written);
}
