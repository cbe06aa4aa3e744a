/**
 * Undoes one level of escapes in a text: of URLs (`%2C`), HTML (`&deg;`, `&#176;`), JSON and JavaScript
 * (`\u00b0`), Markdown (`\.`), and the folded lines of calendars. No escape is shorter than its character, so this works in
 * place.
 */

import { isAsciiDigit, isAsciiLetter } from "./ascii.ts";
import { formsOf } from "./characters.ts";

const PERCENT = 0x25;
const AMPERSAND = 0x26;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

interface Escape {
  /** Null for the end of a folded line: nothing stands for it. */
  readonly codePoint: number | null;
  /** Characters that the escape takes. */
  readonly length: number;
}

const ENTITIES: ReadonlyMap<string, string> = new Map(
  ("amp & lt < gt > quot \" apos ' deg ° ordm º comma , period . colon : semi ; sol / equals = plus + " +
    "minus − hyphen - dash - ndash - mdash - lowbar _ percnt % commat @ num # lpar ( rpar ) lsqb [ " +
    "rsqb ] lbrack [ rbrack ] prime ′ Prime ″ acute ´ rsquo ’ lsquo ‘ rdquo ” ldquo “ middot · " +
    "shy \u00ad zwj \u200d zwnj \u200c excl ! quest ? ast * bsol \\ verbar | vert |")
    .split(" ").reduce<[string, string][]>((pairs, word, index, words) => {
      if (index % 2 === 1) pairs.push([words[index - 1] ?? "", word]);
      return pairs;
    }, []).concat(["nbsp", "ensp", "emsp", "thinsp"].map((name) => [name, " "])),
);
const ENTITY = new RegExp(`^(?:${[...ENTITIES.keys()].join("|")})$`);
const MAX_ENTITY = 8;
const MAX_DIGITS = 7;
const SEMICOLON = 0x3b;

const LETTER_ESCAPES: ReadonlyMap<number, number> = new Map(
  [...[...`"/\\'.-`].map((sign) => [sign, sign]), ["n", "\n"], ["t", "\t"], ["r", "\r"]].map(
    ([letter = "", plain = ""]) => [letter.charCodeAt(0), plain.charCodeAt(0)],
  ),
);

/** Whether a text may hold an escape at all. */
export const OF_ESCAPES = formsOf("%**", "&*", "\\*", "\n*");
export const MAY_BE_ESCAPED =
  /%[\da-f]{2}|&(?:#|deg|[a-z]{2,8};)|\\[ux"/\\'.ntr-]|[\d.]\r?\n[ \t][\d.]/i;

/**
 * Undoes the escapes of `codes` in place, and moves `offsets` with them. Returns the new length; the same
 * length when there was no escape.
 */
export function unescapeOnce(codes: Uint16Array, offsets: Uint32Array, length: number): number {
  let kept = 0;
  for (let at = 0; at < length;) {
    const code = codes[at] ?? 0;
    const offset = offsets[at] ?? 0;
    const escape = mayBegin(code) ? escapeAt(codes, at, length) : null;
    const codePoint = escape === null ? code : escape.codePoint;
    at += escape?.length ?? 1;
    if (codePoint === null) continue;
    offsets[kept] = offset;
    if (codePoint > 0xffff) {
      codes[kept++] = 0xd800 + ((codePoint - 0x10000) >> 10);
      offsets[kept] = offset;
      codes[kept++] = 0xdc00 + (codePoint & 0x3ff);
    } else codes[kept++] = codePoint;
  }
  return kept;
}

function mayBegin(code: number): boolean {
  return code === PERCENT || code === AMPERSAND || code === BACKSLASH || code === LINE_FEED ||
    code === RETURN;
}

function escapeAt(codes: Uint16Array, at: number, length: number): Escape | null {
  switch (codes[at]) {
    case PERCENT:
      return percentAt(codes, at);
    case AMPERSAND:
      return entityAt(codes, at, length);
    case LINE_FEED:
    case RETURN:
      return foldAt(codes, at);
    default:
      return backslashAt(codes, at);
  }
}

/** UTF-8; an invalid byte counts as Latin-1, as in old links. */
function percentAt(codes: Uint16Array, at: number): Escape | null {
  const first = hexAt(codes, at + 1, 2);
  if (first < 0) return null;
  const more = first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : 0;
  if (first < 0xf5 && more > 0) {
    let codePoint = first & (0x3f >> more);
    for (let index = 1; index <= more; index++) {
      const start = at + index * 3;
      const byte = codes[start] === PERCENT ? hexAt(codes, start + 1, 2) : -1;
      if ((byte & 0xc0) !== 0x80) return { codePoint: first, length: 3 };
      codePoint = codePoint << 6 | byte & 0x3f;
    }
    if (codePoint <= 0x10ffff) return { codePoint, length: 3 + more * 3 };
  }
  return { codePoint: first, length: 3 };
}

function entityAt(codes: Uint16Array, at: number, length: number): Escape | null {
  if (codes[at + 1] === 0x23) return numberedAt(codes, at);
  let end = at + 1;
  while (end < length && end - at <= MAX_ENTITY && isAsciiLetter(codes[end] ?? 0)) end++;
  // Browsers accept this one without its semicolon, and people forget it.
  if (codes[at + 1] === 0x64 && codes[at + 2] === 0x65 && codes[at + 3] === 0x67) {
    return { codePoint: 0xb0, length: codes[at + 4] === SEMICOLON ? 5 : 4 };
  }
  if (codes[end] !== SEMICOLON || end === at + 1) return null;
  const plain = entityOf(textOf(codes, at + 1, end));
  return plain === undefined ? null : { codePoint: plain.charCodeAt(0), length: end + 1 - at };
}

/** A Map alone would be slow for names that it has never seen. */
function entityOf(name: string): string | undefined {
  return ENTITY.test(name) ? ENTITIES.get(name) : undefined;
}

function textOf(codes: Uint16Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(codes[at] ?? 0);
  return text;
}

/** `&#176;`, `&#xB0;` */
function numberedAt(codes: Uint16Array, at: number): Escape | null {
  const isHex = ((codes[at + 2] ?? 0) | 32) === 0x78;
  const first = at + (isHex ? 3 : 2);
  let end = first;
  let codePoint = 0;
  for (; end < first + MAX_DIGITS; end++) {
    const digit = hexAt(codes, end, 1);
    if (digit < 0 || !isHex && digit > 9) break;
    codePoint = codePoint * (isHex ? 16 : 10) + digit;
  }
  if (end === first || codePoint === 0 || codePoint > 0x10ffff) return null;
  return { codePoint, length: end - at + (codes[end] === SEMICOLON ? 1 : 0) };
}

/** Calendars break a line anywhere, also inside a number: `GEO:47.60\r\n 62`. */
function foldAt(codes: Uint16Array, at: number): Escape | null {
  const feed = codes[at] === RETURN ? at + 1 : at;
  const indent = codes[feed + 1];
  if (codes[feed] !== LINE_FEED || indent !== SPACE && indent !== TAB) return null;
  return isPartOfNumber(codes[at - 1]) && isPartOfNumber(codes[feed + 2])
    ? { codePoint: null, length: feed + 2 - at }
    : null;
}

function isPartOfNumber(code: number | undefined): boolean {
  return code === 0x2e || code !== undefined && isAsciiDigit(code);
}

function backslashAt(codes: Uint16Array, at: number): Escape | null {
  const letter = codes[at + 1] ?? 0;
  const digits = letter === 0x75 ? 4 : letter === 0x78 ? 2 : 0;
  if (digits > 0) {
    const codePoint = hexAt(codes, at + 2, digits);
    return codePoint < 0 ? null : { codePoint, length: 2 + digits };
  }
  const codePoint = LETTER_ESCAPES.get(letter);
  return codePoint === undefined ? null : { codePoint, length: 2 };
}

/** `count` hexadecimal digits as a number; -1 when they are invalid. */
function hexAt(codes: Uint16Array, at: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index++) {
    const code = codes[at + index] ?? 0;
    const digit = isAsciiDigit(code)
      ? code - 0x30
      : (code | 32) >= 0x61 && (code | 32) <= 0x66
      ? (code | 32) - 0x57
      : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}
