/**
 * Places in text. "Text is stored as written" yields to the guarantee that no place finer than a geohash of
 * six characters is kept without consent: a place is replaced by a marker, in prose and in URLs, and the rest
 * of the text stays as it is.
 *
 * Texts are searched as people read them (`place_text/normalized_text.ts`), for
 *
 * - decimal numbers: two that can be degrees near each other, or one that is called a coordinate (`pair.ts`),
 * unless they are clearly something else (`other_numbers.ts`);
 * - degrees with minutes (`degree.ts`), grids in metres (`grid.ts`), and codes (`code.ts`).
 *
 * A single number is kept, and so is a pair in the open sea next to (0, 0): these are ratios, ratings and
 * versions. Two decimals are a kilometre, wider than the cell, and are kept.
 *
 * Every expression there is linear in the text: repetitions are bounded, or can't match the same characters
 * as the adjacent ones.
 */

import { addCodes } from "../place_text/code.ts";
import { addDegrees } from "../place_text/degree.ts";
import { SearchBudget } from "../place_text/search_budget.ts";
import type { Found } from "../place_text/found_place.ts";
import { addGrids } from "../place_text/grid.ts";
import { isIdentifier } from "../place_text/identifier.ts";
import { addDecimals } from "../place_text/pair.ts";
import { foldedText, NormalizedText, unescapedText } from "../place_text/normalized_text.ts";
import { MAX_PLACES, TextSearch } from "../place_text/text_search.ts";

/** Replaces a removed place. */
export const PLACE_REMOVED = "[place removed]";

/** A text by itself has a budget as if its record were so many times as long. */
const ALONE = 3;

/** Texts are searched again until nothing is found. None has needed more than three rounds. */
const MAX_ROUNDS = 8;

const SEARCHES = [addDecimals, addDegrees, addCodes, addGrids];

/** Quick checks: text without a number, a link or a name for a value contains no place. */
const MAY_TELL_PLAINLY = /[\d/=:]|geo/i;
const NOT_PLAIN = /[^\0-\x7f]/;
const MAY_TELL = /[\p{N}/／=＝:：]|geo/iu;

/** Most short texts: a word and at most three digits, a time, a date, an amount. */
const HARMLESS =
  /^(?:[a-z]{0,20}\d{1,3}[a-z]{0,20}|[a-z]{1,20} \d{1,3}|\d\d?:\d\d(?::\d\d)?|\d{4}-\d\d-\d\d|\d{1,5}[.,]\d\d?|\d{4,5})$/i;

/** Most records have one or two, and some identifiers: not worth a full search. */
const TIMESTAMP =
  /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d(?:\.\d{1,9})?(?:Z|[+-][0-2]\d:[0-5]\d)$/;

/**
 * The text with every place replaced or coarsened; the same text when there is none. `isUnderPlace`: the text
 * is under a key that may name a place, so a fine number alone counts. `budget`: the remaining budget for all
 * texts of a record.
 */
export function withoutPlaces(
  text: string,
  isUnderPlace: boolean = false,
  budget: SearchBudget = new SearchBudget(text.length * ALONE),
): string {
  let left = text;
  // After a replacement, the remaining numbers are closer together.
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = left;
    left = replacePlaces(before, isUnderPlace, budget);
    if (left === before) return left;
  }
  return PLACE_REMOVED;
}

/** Whether the text contains a place: one search, while replacing can take several. */
export function tellsPlace(
  text: string,
  budget: SearchBudget = new SearchBudget(text.length * ALONE),
): boolean {
  return replacePlaces(text, false, budget) !== text;
}

/** Whether a text may contain a place at all. */
function isSearched(text: string): boolean {
  if (!MAY_TELL_PLAINLY.test(text) && !(NOT_PLAIN.test(text) && MAY_TELL.test(text))) return false;
  return !HARMLESS.test(text) && !TIMESTAMP.test(text) && !isIdentifier(text);
}

function replacePlaces(text: string, isUnderPlace: boolean, budget: SearchBudget): string {
  if (!isSearched(text)) return text;
  if (budget.isUsedUp) return PLACE_REMOVED;
  const written = new NormalizedText(text);
  const found: Found[] = [];
  const folded = foldedText(written);
  if (folded !== written) budget.takeNormalized(text.length);
  if (!addPlaces(found, folded, isUnderPlace, budget)) return PLACE_REMOVED;
  const unescaped = unescapedText(folded, budget);
  if (unescaped !== null && !addPlaces(found, unescaped, isUnderPlace, budget)) {
    return PLACE_REMOVED;
  }
  return found.length === 0 ? text : replaced(text, found);
}

/** Adds the places of one reading, as offsets of its source. Returns false when the whole text has to go. */
function addPlaces(
  found: Found[],
  reading: NormalizedText,
  isUnderPlace: boolean,
  budget: SearchBudget,
): boolean {
  if (!budget.takeText(reading.characters)) return false;
  const search = new TextSearch(reading, isUnderPlace, budget);
  for (const add of SEARCHES) add(search);
  for (const { start, end, coarse } of search.found) {
    const source = { start: reading.startOf(start), end: reading.endOf(end) };
    found.push(coarse === undefined ? source : { ...source, coarse });
  }
  return !budget.isUsedUp && found.length <= MAX_PLACES;
}

function replaced(text: string, found: Found[]): string {
  found.sort((one, other) => one.start - other.start || other.end - one.end);
  let kept = "";
  let keptUntil = 0;
  for (const { start, end, coarse } of found) {
    if (end <= keptUntil) continue;
    // A place that overlaps the previous one ends with it.
    if (start >= keptUntil) kept += text.slice(keptUntil, start) + (coarse ?? PLACE_REMOVED);
    keptUntil = end;
  }
  return kept + text.slice(keptUntil);
}
