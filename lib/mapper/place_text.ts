/**
 * Places in text. "Text is stored as written" gives way to the promise that no place finer than a
 * geohash of six characters is kept without consent: what reads as a place is replaced by a marker,
 * in prose as in URLs, and the rest of the text stays as it is. This file is the list:
 *
 * - two decimal numbers side by side that can be degrees, one of them with three decimals or more,
 *   with whatever separates or labels numbers between them (`47.6062, -122.3321`; `/@47.6062,-122.33`;
 *   `lat=47.6062&lng=-122.3321`; `POINT(-122.3321 47.6062)`; `geo:` URIs), and their neighbours;
 * - one such number with a label or a hemisphere (`latitude: 47.6062`, `47.6062N`, `122.3321° W`);
 * - degrees with seconds, or with fractions of minutes (`47°36'22"N`);
 * - plus codes (`84VVJM64+FQ`), three words (`///filled.count.soap`), geohashes that are called so,
 *   which are cut to six characters.
 *
 * A number by itself is kept, and so is a pair within one degree of (0, 0), which is open sea: these
 * are ratios and versions. Two decimals are a kilometre, wider than the cell, and are kept.
 *
 * Every expression here is linear in the text: no repetition can match the same characters as the
 * one beside it.
 */

import { roundGeohash } from "./geohash.ts";

/** Stands where a place was. */
export const PLACE_REMOVED = "[place removed]";

/** Quick: whether anything below can match at all. */
const SUSPECT =
  /\d[.,]\d{3}|[°º˚]\s?\d|%c2%b0|geo-?hash|\/\/\/\w|w3w\.|what3words\.|(?:\+|%2b)[2-9cfghjmpqrvwx]{2}/i;

/** Most records have one or two: not worth a closer look. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d)$/;

/** Up to 999 with decimals, not inside a longer number, a version or an IP address. */
const DECIMAL = /(?:(?<![\d.])|(?<=%[\da-f]{2}))[-+−]?\d{1,3}(?:\.\d+|,\d{4,})(?!\d|\.\d)/gi;

/** Letters and digits that may stand between the numbers of a pair: labels, and parts of URLs. */
const BETWEEN: ReadonlySet<string> = new Set(
  ("lat latitude lng lon long longitude n s e w o north south east west and deg degrees " +
    "1d 2d 3d 4d 20 22 2c 2f 3a 3b 3d 26 b0 c2").split(" "),
);
const MAX_BETWEEN = 40;

const NOT_BETWEEN = /[$€£¥]|%(?![\da-f]{2})/i;

const LABEL_BEFORE =
  /(?:latitud\p{L}*|longitud\p{L}*|(?<!\p{L})(?:lat|lng|lon|long|gps|geo))[^\p{L}\d]{0,12}$/iu;
const CAMEL_LABEL_BEFORE = /[a-z](?:Lat|Lng|Lon)[^\p{L}\d]{0,12}$/u;
const MAX_LABEL = 32;

/** A hemisphere right after the number, or after a degree sign. */
const HEMISPHERE_AFTER = /^(?:\s?[°º˚]\s?)?[NSEWO](?![\p{L}\d])/u;

const SEXAGESIMAL = new RegExp(
  String.raw`\d{1,3}\s?(?:[°º˚]|%C2%B0)\s?\d{1,2}` +
    String
      .raw`(?:[.,]\d{1,20}(?:['′’´]|%27)?|\s?(?:['′’´]|%27|%E2%80%B2)\s?\d{1,2}(?:[.,]\d{1,20})?` +
    String.raw`\s?(?:["″”]|%22|%E2%80%B3|['′’´]{2})?)` +
    String.raw`(?:\s?[NSEWO](?!\p{L}))?`,
  "giu",
);

const PLUS_CODE =
  /(?<![\p{L}\d])(?:[2-9cfghjmpqrvwx]{8}|(?=\d{0,5}[CFGHJMPQRVWX])[2-9CFGHJMPQRVWX]{4}(?:[2-9CFGHJMPQRVWX]{2})?)(?:\+|%2B)[2-9cfghjmpqrvwx]{2,7}(?![\p{L}\d])/giu;

const THREE_WORDS =
  /(?:\/\/\/|w3w\.co\/|what3words\.com\/)\p{L}{2,40}[.。]\p{L}{2,40}[.。]\p{L}{2,40}/giu;

const NAMED_GEOHASH =
  /(geo-?hash(?:es)?(?:\.org\/|[^\p{L}\d]{1,8}))([\db-hjkmnp-z]{7,})(?![\p{L}\d])/giu;

/** The text with every place in it replaced or made coarse; the same text when there is none. */
export function withoutPlaces(text: string): string {
  if (!SUSPECT.test(text) || TIMESTAMP.test(text)) return text;
  return withoutDecimals(
    text
      .replace(SEXAGESIMAL, PLACE_REMOVED)
      .replace(PLUS_CODE, PLACE_REMOVED)
      .replace(THREE_WORDS, PLACE_REMOVED)
      .replace(NAMED_GEOHASH, (_, label: string, geohash: string) => {
        return label + roundGeohash(geohash);
      }),
  );
}

/** Whether a number tells more than a hundredth of a degree. */
export function isFineNumber(value: number): boolean {
  return Math.abs(value * 100 - Math.round(value * 100)) > 1e-6;
}

/**
 * Whether two numbers can be a place, in either order, and finer than may be kept.
 */
export function isFinePair(one: number, other: number): boolean {
  return isDegrees(one, other) && (isFineNumber(one) || isFineNumber(other));
}

/** Whether two numbers can be a place on land: not beyond the poles, nor next to (0, 0). */
function isDegrees(one: number, other: number): boolean {
  const less = Math.min(Math.abs(one), Math.abs(other));
  const more = Math.max(Math.abs(one), Math.abs(other));
  return less <= 90 && more <= 180 && more > 1;
}

interface Decimal {
  readonly start: number;
  readonly end: number;
  readonly value: number;
  readonly decimals: number;
}

function withoutDecimals(text: string): string {
  let kept = "";
  let keptUntil = 0;
  for (const run of runsOfDecimals(text)) {
    if (!tellsPlace(run, text)) continue;
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) continue;
    kept += text.slice(keptUntil, first.start) + PLACE_REMOVED;
    keptUntil = last.end;
  }
  return keptUntil === 0 ? text : kept + text.slice(keptUntil);
}

/** Decimal numbers in order, those together that only separators and labels part. */
function* runsOfDecimals(text: string): Generator<readonly Decimal[]> {
  let run: Decimal[] = [];
  let end = 0;
  for (const match of text.matchAll(DECIMAL)) {
    const [digits] = match;
    const number = digits.replace(",", ".").replace("−", "-");
    const decimal = {
      start: match.index,
      end: match.index + digits.length,
      value: Number(number),
      decimals: number.length - number.indexOf(".") - 1,
    };
    if (run.length > 0 && !isSeparator(text, end, decimal.start)) {
      yield run;
      run = [];
    }
    run.push(decimal);
    end = decimal.end;
  }
  if (run.length > 0) yield run;
}

function isSeparator(text: string, start: number, end: number): boolean {
  if (end - start > MAX_BETWEEN) return false;
  const between = text.slice(start, end);
  if (NOT_BETWEEN.test(between)) return false;
  const words = between.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
  return words.every((word) => BETWEEN.has(word));
}

function tellsPlace(run: readonly Decimal[], text: string): boolean {
  return run.some((decimal, index) => {
    const next = run[index + 1];
    if (next !== undefined && isPair(decimal, next)) return true;
    return decimal.decimals > 2 && Math.abs(decimal.value) <= 180 && isNamed(decimal, text);
  });
}

function isPair(one: Decimal, other: Decimal): boolean {
  return Math.max(one.decimals, other.decimals) > 2 && isDegrees(one.value, other.value);
}

function isNamed({ start, end }: Decimal, text: string): boolean {
  const before = text.slice(Math.max(0, start - MAX_LABEL), start);
  return LABEL_BEFORE.test(before) || CAMEL_LABEL_BEFORE.test(before) ||
    HEMISPHERE_AFTER.test(text.slice(end, end + 4));
}
