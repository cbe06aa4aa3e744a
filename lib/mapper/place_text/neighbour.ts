/** The words next to a number, with only signs in between. */

import { isDigit } from "./number.ts";

/** Distance between a number and its word: `lat": 47`, `longitude]=`, `47 °`. */
const MAX_DISTANCE = 12;
const MAX_WORD = 24;
const LETTER = /[\p{L}\p{M}]/u;

export interface Word {
  /** In lower case, unlike `written`. */
  readonly text: string;
  readonly written: string;
  readonly start: number;
  readonly end: number;
}

/** The word before a position, with only signs in between; null when there is none. */
export function wordBefore(text: string, at: number, distance: number = MAX_DISTANCE): Word | null {
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

function wordAt(text: string, start: number, end: number): Word {
  const written = text.slice(start, end);
  return { text: written.toLowerCase(), written, start, end };
}

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0x80) return (code | 32) >= 0x61 && (code | 32) <= 0x7a;
  return LETTER.test(text.charAt(at));
}
