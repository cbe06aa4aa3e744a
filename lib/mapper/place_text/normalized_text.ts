/**
 * A text as it is searched for places: folded, and without its escapes. Each character knows its origin, so
 * that a found place is replaced in the original text.
 */

import { MAY_BE_ESCAPED, unescapeOnce } from "./escape.ts";
import { fold } from "./unicode_fold.ts";

/** Nested escapes: `%252C` has two levels. */
const MAX_LEVELS = 4;

const NOT_PLAIN = /[^\t\n\r -~]/;

const decoder = new TextDecoder("utf-16le", { ignoreBOM: true });

export class NormalizedText {
  readonly text: string;
  /** The origin of each character, and one more for the end; null when nothing was changed. */
  readonly #offsets: Uint32Array | null;

  constructor(text: string, offsets: Uint32Array | null = null) {
    this.text = text;
    this.#offsets = offsets;
  }

  get isAsWritten(): boolean {
    return this.#offsets === null;
  }

  /** The start in the source of what begins here. */
  startOf(at: number): number {
    return this.#offsets?.[at] ?? at;
  }

  /** The end in the source of what ends here. */
  endOf(at: number): number {
    const offsets = this.#offsets;
    if (offsets === null) return at;
    // One source character can be several here: all of it is replaced.
    let end = at;
    while (end < this.text.length && offsets[end] === offsets[at - 1]) end++;
    return offsets[end] ?? at;
  }
}

/** The folded text, and additionally the unescaped text if it has escapes. */
export function normalizedTextsOf(text: string): readonly NormalizedText[] {
  const isPlain = !NOT_PLAIN.test(text);
  const mayBeEscaped = MAY_BE_ESCAPED.test(text);
  if (isPlain && !mayBeEscaped) return [new NormalizedText(text)];
  const units = isPlain ? unitsOf(text) : folded(unitsOf(text));
  const reading = isPlain ? new NormalizedText(text) : normalizedTextOf(units);
  if (!MAY_BE_ESCAPED.test(reading.text)) return [reading];
  let length = units.length;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const left = unescapeOnce(units.codes, units.offsets, length);
    if (left === length) break;
    length = left;
    // The end stays the end.
    units.offsets[length] = text.length;
  }
  if (length === units.length) return [reading];
  return [reading, normalizedTextOf(folded({ ...units, length }))];
}

interface Units {
  readonly codes: Uint16Array;
  /** One more than there are codes. */
  readonly offsets: Uint32Array;
  readonly length: number;
}

function unitsOf(text: string): Units {
  const codes = new Uint16Array(text.length);
  const offsets = new Uint32Array(text.length + 1);
  for (let at = 0; at < text.length; at++) {
    codes[at] = text.charCodeAt(at);
    offsets[at] = at;
  }
  offsets[text.length] = text.length;
  return { codes, offsets, length: text.length };
}

function normalizedTextOf({ codes, offsets, length }: Units): NormalizedText {
  return new NormalizedText(
    decoder.decode(codes.subarray(0, length)),
    offsets.slice(0, length + 1),
  );
}

/** The folded form of a unit, if that is one unit; 0 while not computed. */
const singles = new Uint16Array(0x10000);
const SEVERAL = 0xffff;

/** Behind a digit that is not raised, people mean a sign of degree: `61⁰22'`. */
const RAISED_ZERO = 0x2070;
const DEGREE_SIGN = 0xb0;

function isPlainDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39;
}

function folded({ codes, offsets, length }: Units): Units {
  let into = new Uint16Array(length + 8);
  let from = new Uint32Array(length + 9);
  let end = 0;
  for (let at = 0; at < length;) {
    const code = codes[at] ?? 0;
    // A character becomes at most four.
    if (end + 8 > into.length) {
      into = grown(into, new Uint16Array(into.length * 2));
      from = grown(from, new Uint32Array(into.length + 1));
    }
    from[end] = offsets[at] ?? 0;
    if (code === RAISED_ZERO && isPlainDigit(codes[at - 1])) {
      into[end++] = DEGREE_SIGN;
      at++;
      continue;
    }
    const single = code < 0x80 && code >= 0x20 && code !== 0x7f ? code : singles[code] ?? 0;
    if (single !== 0 && single !== SEVERAL) {
      into[end++] = single;
      at++;
      continue;
    }
    const low = codes[at + 1] ?? 0;
    const isPair = (code & 0xfc00) === 0xd800 && at + 1 < length && (low & 0xfc00) === 0xdc00;
    const plain = fold(isPair ? 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff) : code);
    if ((code & 0xf800) !== 0xd800) {
      singles[code] = plain.length === 1 ? plain.charCodeAt(0) : SEVERAL;
    }
    const offset = offsets[at] ?? 0;
    for (let index = 0; index < plain.length; index++) {
      from[end] = offset;
      into[end++] = plain.charCodeAt(index);
    }
    at += isPair ? 2 : 1;
  }
  from[end] = offsets[length] ?? 0;
  return { codes: into, offsets: from, length: end };
}

function grown<List extends Uint16Array | Uint32Array>(list: List, larger: List): List {
  larger.set(list);
  return larger;
}
