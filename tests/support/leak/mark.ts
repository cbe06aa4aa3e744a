/**
 * Marked places: each is at another place on Earth, and every form of writing it can be distinguished from
 * everything else that a run prints.
 */

import { encodeGeohash } from "../../../lib/mapper/geo/geohash.ts";
import { seededRandom } from "../seeded_random.ts";

/** Where exact coordinates may be while their author allows them. */
export type Surface =
  /** `records.record`. */
  | "ledger"
  /** `precise_point` and `display_point`, and the scenes of the status page. */
  | "product"
  /** `dead_letters.payload`, and what shows it. */
  | "letter"
  /** The texts of a product row, which outlive their record: the app removes them. Never a place. */
  | "text";

export interface Mark {
  /** What it was hidden in, for a report. */
  readonly name: string;
  readonly lat: number;
  readonly lng: number;
  /** A unique word, for streets and places in words. */
  readonly word: string;
  /** Where it may be found at the end. */
  readonly allowed: ReadonlySet<Surface>;
}

const DECIMALS = 9;

/** Makes marks that share no three decimals. The same seed makes the same marks. */
export class Marks {
  readonly all: Mark[] = [];
  readonly #random: () => number;
  readonly #taken = new Set<string>();

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  add(name: string, allowed: readonly Surface[] = []): Mark {
    const mark = {
      name,
      // No second, minute, hour or year of a time looks like these.
      lat: this.#coordinate(61, 85),
      lng: this.#coordinate(101, 179),
      word: wordOf(this.all.length),
      allowed: new Set(allowed),
    };
    this.all.push(mark);
    return mark;
  }

  #coordinate(low: number, high: number): number {
    for (;;) {
      const whole = low + Math.floor(this.#random() * (high - low));
      const digits = Math.floor(this.#random() * 10 ** DECIMALS) + 1;
      const text = `${whole}.${String(digits).padStart(DECIMALS, "0").slice(-DECIMALS)}`;
      const starts = [text.slice(0, text.indexOf(".") + 4), Number(text).toFixed(3)];
      // A last digit of 0 would not be written, and zeros behind the point say nothing.
      if (/\.0|0$/.test(text) || starts.some((start) => this.#taken.has(start))) continue;
      for (const start of starts) this.#taken.add(start);
      return (this.#random() < 0.5 ? -1 : 1) * Number(text);
    }
  }
}

/** `zq` and letters: 26 to the fourth of them. */
function wordOf(index: number): string {
  let word = "zq";
  for (let rest = index, i = 0; i < 4; i++, rest = Math.floor(rest / 26)) {
    word += String.fromCharCode(97 + rest % 26);
  }
  return word;
}

/** A coordinate as degrees, minutes and seconds. */
export function sexagesimal(degrees: number): string {
  const whole = Math.floor(Math.abs(degrees));
  const minutes = (Math.abs(degrees) - whole) * 60;
  const seconds = (minutes - Math.floor(minutes)) * 60;
  return `${whole}°${Math.floor(minutes)}'${seconds.toFixed(2)}"`;
}

/** The plus code of a place: a cell of 14 m. https://github.com/google/open-location-code */
export function plusCode({ lat, lng }: { readonly lat: number; readonly lng: number }): string {
  const alphabet = "23456789CFGHJMPQRVWX";
  let north = lat + 90;
  let east = lng + 180;
  let code = "";
  for (let pair = 0, size = 20; pair < 5; pair++, size /= 20) {
    code += alphabet.charAt(Math.floor(north / size)) + alphabet.charAt(Math.floor(east / size));
    north %= size;
    east %= size;
    if (pair === 3) code += "+";
  }
  return code;
}

/** Twelve characters: a cell of some centimetres. */
export function geohash({ lat, lng }: { readonly lat: number; readonly lng: number }): string {
  return encodeGeohash(lat, lng, 12);
}
