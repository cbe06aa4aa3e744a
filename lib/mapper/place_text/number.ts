/** Decimal numbers in a text. */

import { isFineNumber } from "../geo/place_number.ts";
import { formsOf } from "./characters.ts";
import { isDigit, type Word, wordAfter, wordBefore } from "./neighbour.ts";
import type { TextSearch } from "./text_search.ts";

/** Distance between a number and its word: `lat": 47`, `longitude]=`, `47 °`. */
const MAX_BEFORE = 12;
const MAX_AFTER = 4;

export class Decimal {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly value: number;
  /** Digits after the decimal point. */
  readonly decimals: number;
  /** With a minus sign that is not a dash between two numbers. */
  readonly isNegative: boolean;
  /** `12,345`: thousands, unless it is called a coordinate. */
  readonly isGrouped: boolean;
  #before: Word | null | undefined;
  #after: Word | null | undefined;

  constructor(text: string, match: RegExpExecArray) {
    const written = match[0];
    const whole = match[1] ?? "";
    const fraction = match[2];
    const exponent = match[3];
    const digits = fraction ?? match[4] ?? "";
    this.text = text;
    this.start = match.index;
    this.end = match.index + written.length;
    const isPlain = exponent === undefined && written[whole.length] === ".";
    this.value = Number(isPlain ? written : `${whole}.${digits}e${exponent ?? 0}`);
    this.decimals = Math.max(0, digits.length - Number(exponent ?? 0));
    this.isNegative = written.startsWith("-");
    this.isGrouped = !this.isNegative && fraction === undefined;
  }

  /** The word before it with only signs in between, and no more than `distance` of them; null when there is none. */
  wordBefore(distance: number = MAX_BEFORE): Word | null {
    if (this.#before === undefined) this.#before = wordBefore(this.text, this.start, MAX_BEFORE);
    const word = this.#before;
    return word !== null && this.start - word.end <= distance ? word : null;
  }

  wordAfter(distance: number = MAX_AFTER): Word | null {
    if (this.#after === undefined) this.#after = wordAfter(this.text, this.end, MAX_AFTER);
    const word = this.#after;
    return word !== null && word.start - this.end <= distance ? word : null;
  }
}

/** Spoken decimal points, as words: `61 point 38`, `61[dot]38`. */
const POINT = String
  .raw`dot|\s?[ [(](?:point|dot|comma|komma|punkt|punto|coma|virgule|virgola|ponto|v\u00edrgula|\u0442\u043e\u0447\u043a\u0430|\u0437\u0430\u043f\u044f\u0442\u0430\u044f)[ \])]\s?`;

/** Up to 999 with decimals, also with zeros in front, as in columns of one width; the last group is of thousands. */
const DECIMAL = new RegExp(
  String
    .raw`(?<!\d|\d\.)([-+]?0{0,2}\d{1,3})(?:(?:\.|,(?=\d{4})|${POINT})(\d+)(?!\d|\.\d)(?:e([-+]?0?[0-2])(?![\d.]))?|` +
    String.raw`,(\d{3})(?!\d|\.\d))`,
  "gi",
);
/** A point, a comma, or a word for one of them. */
const OF_DECIMAL = formsOf("0.0", "0,0", "0o0", "0u0", "0т0");
const MAY_BE_DECIMAL = /\d(?:[.,]\d|dot|\s?[ [(][a-z\u0437\u0442])/i;

/** The minutes and hours before the seconds of a time or a duration. */
const TIME_BEFORE = /(?:^|[^\d.])\d{1,3}:(?:[0-5]\d:)?$/;
const THOUSANDS_WITH_DECIMALS = /^,\d\d(?![\d.])/;

export function mayHaveDecimals({ text, characters }: TextSearch): boolean {
  return characters.hasAny(OF_DECIMAL) && MAY_BE_DECIMAL.test(text);
}

/** The first decimal number from a position on, without versions, IP addresses and strict times; null at the end. */
export function nextDecimal(text: string, from: number): Decimal | null {
  DECIMAL.lastIndex = from;
  for (let match; (match = DECIMAL.exec(text)) !== null;) {
    const start = match.index;
    const end = start + match[0].length;
    if (isPartOfLonger(text, start, end) || isSeconds(text, start, match[0])) continue;
    return new Decimal(text, match);
  }
  return null;
}

/** `1.234.567`, `10.0.0.1`, `1.234,50`. */
function isPartOfLonger(text: string, start: number, end: number): boolean {
  if (text[end] === "." && isDigit(text, end + 1)) return true;
  if (text[start - 1] === "." && isDigit(text, start - 2)) return true;
  // Behind a comma it is one of a list.
  if (text[start - 1] === "," && isDigit(text, start - 2)) return false;
  return text[end - 4] === "." && text[end] === "," &&
    THOUSANDS_WITH_DECIMALS.test(text.slice(end, end + 4));
}

/** `20:15:30.123`, `1:23.456`. */
function isSeconds(text: string, start: number, written: string): boolean {
  return text[start - 1] === ":" && /^[0-5]\d\./.test(written) &&
    TIME_BEFORE.test(text.slice(Math.max(0, start - 8), start));
}

/** Whether a number is finer than a hundredth of a degree, by its value: 12.500 is 12.5. */
export function isFine({ value, decimals, isNegative }: Decimal): boolean {
  if (Number.isInteger(value)) return false;
  return decimals > 3 || decimals === 3 && (isNegative || isFineNumber(value));
}

/** Written in the typical form of a coordinate. Three decimals can be thousands: `12.345 people`. */
export function isTypical({ decimals, isNegative }: Decimal): boolean {
  return decimals > 3 || decimals === 3 && isNegative;
}
