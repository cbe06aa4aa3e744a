/** Numbers that are clearly not coordinates: prices, measures, counts, sizes, versions, constants. */

import { isDigit } from "./neighbour.ts";
import { type Decimal, isTypical } from "./number.ts";
import {
  DEGREE_WORDS,
  DIRECTION_WORDS,
  EXTENT_WORDS,
  isCoordinateWord,
  JOINING_WORDS,
} from "./word.ts";
import { WordList } from "./word_list.ts";

const CURRENCIES = new WordList(
  "usd eur gbp chf jpy cny rmb inr krw rub uah pln czk huf ron bgn sek nok dkk isk try ils aed sar zar " +
    "ngn kes egp mxn clp cop ars pen uyu brl bob pyg crc dop idr vnd thb php myr sgd hkd twd aud cad nzd " +
    "btc eth usdt euro euros dollar dollars peso pesos pound pounds real reais franc francs franken " +
    "kronen kronor kroner zł zloty złotych kč korun forint ft lei leva dinar рублей рубля руб грн гривен " +
    "rp rs rupee rupees rupiah baht won yen yuan đồng dong lira tl ریال تومان درهم جنيه रुपये 円 元 원",
);

const UNITS = new WordList(
  "kg mg lb lbs oz km cm mm mi ft inch inches m hz khz mhz ghz bpm db kw kwh mwh mah ms sec secs second " +
    "seconds sek sekunden min mins minutes hours hrs std stunden kb mb gb tb kib mib gib kbps mbps gbps " +
    "px pt em rem vw vh dpi fps pts point points punkte puntos pontos points очков pct percent prozent " +
    "liter litre liters ml cl cal kcal volt psi rpm people visitors fans followers likes views plays streams votes м мм см км кг сек мин",
);

/** Words before a price, a score or a version. */
const FIGURES = new WordList(
  "price prices precio precios preço preços prix preis preise prezzo prezzi entrada entradas eintritt " +
    "eintrittspreis ticket tickets cover entry fee fees cost costs total totals sum score scores rating " +
    "ratings result results ergebnis punkte punktestand time times zeit bestzeit цена цены вход билет " +
    "билеты 料金 価格 入場料 价格 门票 가격 v ver version versions release firmware ratio odds quote gpa boletos boletas biglietti billets bilety " +
    "bilet no nr nº num number nummer número runde lap set bpm temp temperature index",
);

const CONSTANTS: readonly string[] = [
  "3.14159",
  "2.71828",
  "1.61803",
  "1.41421",
  "1.73205",
  "6.28318",
];
const CURRENCY_SIGN = /\p{Sc}/u;
/** Between the dollars of a formula: `$61.38^\circ$`. */
const MATHS_DEGREE = /^\s?\^\{?\\circ/;
const BYTE = /^%[\da-f]{2}/i;
const QUOTE = /["']/;
const SIZE = /^\s?[x*×]\s?$/i;

/** Whether two numbers that could be a place are clearly something else. */
export function isSomethingElse(text: string, one: Decimal, other: Decimal): boolean {
  const measured = Number(isMeasured(text, one)) + Number(isMeasured(text, other));
  if (measured === 2) return true;
  if (isConstant(text, one) && isConstant(text, other)) return true;
  // Nobody writes a price with four decimals and no currency.
  if (isTypical(one) || isTypical(other)) return false;
  return measured > 0 || isFigure(one) || SIZE.test(text.slice(one.end, other.start)) ||
    isCount(one) && isCount(other) || isNamed(one) && isNamed(other) ||
    haveOneUnit(one, other);
}

/** With a unit or a currency that coordinates never have. */
export function isMeasured(text: string, decimal: Decimal): boolean {
  const { start, end } = decimal;
  if ((text[end] === "^" || text[end + 1] === "^") && MATHS_DEGREE.test(text.slice(end, end + 8))) {
    return false;
  }
  const before = text[start - 1] === " " ? start - 2 : start - 1;
  if (isCurrencySign(text.charAt(before))) {
    const behind = text[before - 1] === " " ? before - 2 : before - 1;
    if (!isDigit(text, behind)) return true;
  }
  const gap = text[end] === " " ? 1 : 0;
  const sign = text.charAt(end + gap);
  if (sign === "%" || sign === "‰") return !BYTE.test(text.slice(end + gap, end + gap + 3));
  if (sign === "°" && /^[CFK](?![\p{L}\d])/u.test(text.slice(end + gap + 1, end + gap + 3))) {
    return true;
  }
  if (isCurrencySign(sign)) return !isDigit(text, end + gap + 1);
  const after = decimal.wordAfter(2);
  if (after !== null && (UNITS.has(after.text) || CURRENCIES.has(after.text))) {
    // `"first": 61.38192,"second"` is no time.
    return !QUOTE.test(text.slice(end, after.start));
  }
  const name = decimal.wordBefore(2);
  return name !== null && !QUOTE.test(text.slice(name.end, start)) &&
    (CURRENCIES.has(name.text) || name.text === "v");
}

/** Of the plain signs only the dollar. */
export function isCurrencySign(sign: string): boolean {
  return sign === "$" || sign > "\x7f" && CURRENCY_SIGN.test(sign);
}

function isFigure(decimal: Decimal): boolean {
  const word = decimal.wordBefore();
  return word !== null && FIGURES.has(word.text);
}

/** `58.123 s, 59.456 s`; not even two latitudes would be a place. */
function haveOneUnit(one: Decimal, other: Decimal): boolean {
  const unit = one.wordAfter(2)?.text;
  return unit !== undefined && unit === other.wordAfter(2)?.text &&
    (DIRECTION_WORDS.has(unit) || isContent(unit));
}

/** `12.345 visitors`. */
export function isCount(decimal: Decimal): boolean {
  const word = decimal.wordAfter(1);
  return word !== null && isContent(word.text);
}

/** `Smith 98.765`. */
function isNamed(decimal: Decimal): boolean {
  const word = decimal.wordBefore(2);
  return word !== null && isContent(word.text);
}

function isContent(word: string): boolean {
  return word.length > 1 && !isCoordinateWord(word) && !DIRECTION_WORDS.has(word) &&
    !EXTENT_WORDS.has(word) && !DEGREE_WORDS.has(word) && !JOINING_WORDS.has(word);
}

function isConstant(text: string, { start, end }: Decimal): boolean {
  const written = text.slice(start, end);
  return CONSTANTS.some((digits) => written.startsWith(digits));
}
