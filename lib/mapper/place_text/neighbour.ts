/** The words next to a number, with only signs in between. */

import { isAsciiDigit, isAsciiLetter } from "./ascii.ts";

const MAX_WORD = 24;
const LETTER = /[\p{L}\p{M}]/u;

/** By the code of a character: 0 while that is not known. */
const known = new Uint8Array(0x10000);
const IS_LETTER = 1;
const IS_OTHER = 2;

export interface Word {
  /** In lower case, unlike `written`. */
  readonly text: string;
  readonly written: string;
  readonly start: number;
  readonly end: number;
}

/** The word before a position, with only signs in between; null when there is none. */
export function wordBefore(text: string, at: number, distance: number): Word | null {
  const nearest = Math.max(0, at - distance);
  let end = at;
  while (end > nearest && !isLetter(text, end - 1)) {
    if (isDigit(text, end - 1)) return null;
    end--;
  }
  let start = end;
  const first = Math.max(0, end - MAX_WORD);
  while (start > first && isLetter(text, start - 1)) start--;
  return start === end ? null : wordAt(text, start, end);
}

/** The word after a position. */
export function wordAfter(text: string, at: number, distance: number): Word | null {
  const farthest = Math.min(text.length, at + distance);
  let start = at;
  while (start < farthest && !isLetter(text, start)) {
    if (isDigit(text, start)) return null;
    start++;
  }
  let end = start;
  const last = Math.min(text.length, start + MAX_WORD);
  while (end < last && isLetter(text, end)) end++;
  return start === end ? null : wordAt(text, start, end);
}

/** The letters and digits from a position on; none when there is a sign. */
export function wordFrom(text: string, start: number, last: number): string {
  let end = start;
  while (end < last) {
    if (isLetter(text, end) || isDigit(text, end)) end++;
    else if (isLetterOfTwo(text, end)) end += 2;
    else break;
  }
  return text.slice(start, Math.min(end, last));
}

/** Beyond the first 65,536 characters, each is two units. */
function isLetterOfTwo(text: string, at: number): boolean {
  const codePoint = text.codePointAt(at) ?? 0;
  return codePoint > 0xffff && LETTER.test(String.fromCodePoint(codePoint));
}

function wordAt(text: string, start: number, end: number): Word {
  const written = text.slice(start, end);
  return { text: written.toLowerCase(), written, start, end };
}

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0x80) return isAsciiLetter(code);
  if (!(at < text.length)) return false;
  known[code] ||= LETTER.test(text.charAt(at)) ? IS_LETTER : IS_OTHER;
  return known[code] === IS_LETTER;
}

export function isDigit(text: string, at: number): boolean {
  return isAsciiDigit(text.charCodeAt(at));
}
