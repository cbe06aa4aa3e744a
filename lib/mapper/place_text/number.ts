/** Decimal numbers in a text. */

import { isFineNumber } from "../geo/place_number.ts";

export interface Decimal {
  readonly start: number;
  readonly end: number;
  readonly value: number;
  /** Digits after the decimal point. */
  readonly decimals: number;
  /** With a minus sign that is not a dash between two numbers. */
  readonly isNegative: boolean;
  /** `12,345`: thousands, unless it is called a coordinate. */
  readonly isGrouped: boolean;
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
const MAY_BE_DECIMAL = /\d(?:[.,]\d|dot|\s?[ [(][a-z\u0437\u0442])/i;

/** The minutes and hours before the seconds of a time or a duration. */
const TIME_BEFORE = /(?:^|[^\d.])\d{1,3}:(?:[0-5]\d:)?$/;
const THOUSANDS_WITH_DECIMALS = /^,\d\d(?![\d.])/;

/** The decimal numbers of a text in order, without versions, IP addresses and strict times. */
export function* decimalsOf(text: string): Generator<Decimal> {
  if (!MAY_BE_DECIMAL.test(text)) return;
  for (const match of text.matchAll(DECIMAL)) {
    const [written, whole = "", fraction, exponent = "0", thousands = ""] = match;
    const start = match.index;
    const end = start + written.length;
    if (isPartOfLonger(text, start, end) || isSeconds(text, start, written)) continue;
    const digits = fraction ?? thousands;
    const isNegative = written.startsWith("-");
    yield {
      start,
      end,
      value: Number(`${whole}.${digits}e${exponent}`),
      decimals: Math.max(0, digits.length - Number(exponent)),
      isNegative,
      isGrouped: !isNegative && fraction === undefined,
    };
  }
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

export function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
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
