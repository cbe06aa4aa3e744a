/**
 * A text as it is searched for places: folded, and without its escapes. Each character knows its origin, so
 * that a found place is replaced in the original text.
 */

import { isAsciiDigit } from "./ascii.ts";
import { Characters } from "./characters.ts";
import { MAY_BE_ESCAPED, OF_ESCAPES, unescapeOnce } from "./escape.ts";
import type { SearchBudget } from "./search_budget.ts";
import { fold, isFolded } from "./unicode_fold.ts";
import { UnitBuffer } from "./unit_buffer.ts";

/** Nested escapes: `%252C` has two levels. */
const MAX_LEVELS = 4;

export class NormalizedText {
  readonly text: string;
  readonly characters: Characters;
  /** The origin of each character, and one more for the end; null when each is its own. */
  readonly offsets: Uint32Array | null;

  constructor(text: string, offsets: Uint32Array | null = null, characters = new Characters(text)) {
    this.text = text;
    this.characters = characters;
    this.offsets = offsets;
  }

  /** The start in the source of what begins here. */
  startOf(at: number): number {
    return this.offsets?.[at] ?? at;
  }

  /** The end in the source of what ends here. */
  endOf(at: number): number {
    const offsets = this.offsets;
    if (offsets === null) return at;
    // One source character can be several here: all of it is replaced.
    let end = at;
    while (end < this.text.length && offsets[end] === offsets[at - 1]) end++;
    return offsets[end] ?? at;
  }
}

/** Reused, since most texts are short: what is made of a text is read before the next one is normalised. */
const folding = new UnitBuffer();
const unescaping = new UnitBuffer();

/** The text as people see it, or the same object. */
export function foldedText(source: NormalizedText): NormalizedText {
  if (!source.characters.isUnusual) return source;
  const { text, offsets } = source;
  let at = unchangedUntil(text);
  if (at === text.length) return source;
  folding.start(text, at, offsets);
  let isShifted = offsets !== null;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const offset = offsets === null ? at : offsets[at]!;
    if (code === RAISED_ZERO && isAsciiDigit(text.charCodeAt(at - 1))) {
      folding.add(DEGREE_SIGN, offset);
      at++;
      continue;
    }
    const single = singleOf(code);
    if (single !== SEVERAL) {
      folding.add(single, offset);
      at++;
      continue;
    }
    const codePoint = text.codePointAt(at)!;
    const plain = fold(codePoint);
    for (let index = 0; index < plain.length; index++) {
      folding.add(plain.charCodeAt(index), offset);
    }
    const length = codePoint > 0xffff ? 2 : 1;
    isShifted ||= plain.length !== length;
    at += length;
  }
  folding.end(offsets === null ? at : offsets[at]!);
  return new NormalizedText(folding.text(), isShifted ? folding.offsets : null);
}

/** Where folding changes something first. Most signs and emoji are what they look like. */
function unchangedUntil(text: string): number {
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (singleOf(code) === code) at++;
    else {
      const codePoint = text.codePointAt(at)!;
      if (codePoint <= 0xffff || !isFolded(codePoint)) return at;
      at += 2;
    }
  }
  return text.length;
}

/** The folded text without its escapes; null when it has none. Each level uses units of the budget. */
export function unescapedText(source: NormalizedText, budget: SearchBudget): NormalizedText | null {
  const { text, characters, offsets } = source;
  if (!characters.hasAny(OF_ESCAPES) || !MAY_BE_ESCAPED.test(text)) return null;
  unescaping.start(text, text.length, offsets);
  const end = offsets === null ? text.length : offsets[text.length]!;
  unescaping.end(end);
  for (let level = 0; level < MAX_LEVELS; level++) {
    budget.takeNormalized(unescaping.length);
    const left = unescapeOnce(unescaping.codes, unescaping.offsets, unescaping.length);
    if (left === unescaping.length) break;
    unescaping.length = left;
    unescaping.end(end);
  }
  if (unescaping.length === text.length) return null;
  return foldedText(new NormalizedText(unescaping.text(), unescaping.offsets));
}

/** What one unit becomes; 0 while that is not known. */
const singles = new Uint16Array(0x10000);
/** None or several, or half a character. */
const SEVERAL = 0xffff;

function singleOf(code: number): number {
  return singles[code] || learnt(code);
}

function learnt(code: number): number {
  const isHalf = (code & 0xf800) === 0xd800;
  const plain = isHalf ? "" : fold(code);
  return singles[code] = plain.length === 1 && code !== RAISED_ZERO ? plain.charCodeAt(0) : SEVERAL;
}

/** Behind a digit that is not raised, people mean a sign of degree: `61⁰22'`. */
const RAISED_ZERO = 0x2070;
const DEGREE_SIGN = 0xb0;
