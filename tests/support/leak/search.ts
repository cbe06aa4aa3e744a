/** Finds marks and secrets in everything that a run has printed or stored. */

import { Buffer } from "node:buffer";
import { geohash, type Mark, plusCode, sexagesimal, type Surface } from "./mark.ts";

/** Something that was written, shown or stored. */
export interface Haystack {
  /** Where it was found, for a report. */
  readonly where: string;
  readonly text: string;
  /** What of marked places with consent may be here. */
  readonly surface?: Surface;
  /**
   * How many decimals make a coordinate: 3 where nothing else looks like one, more where durations
   * are told, or points that are jittered in the same cell.
   */
  readonly decimals?: number;
}

export interface Finding {
  readonly where: string;
  /** Name of the mark or the secret. */
  readonly what: string;
  /** The found text, with some context. */
  readonly excerpt: string;
}

interface Marked {
  readonly mark: Mark;
  readonly at: number;
}

/** A secret and the name that a report gives it. */
export interface MarkedSecret {
  readonly name: string;
  readonly text: string;
}

/** The candidates in a text, and the part of each that is looked up. */
const FORMS: readonly {
  readonly pattern: RegExp;
  readonly key: (match: RegExpExecArray) => string[];
}[] = [
  {
    // 61.381927465, 61,381927465 and 61%2E381927465, also right behind another escape.
    pattern: /(?:(?<!\d)|(?<=%[\da-f]{2}))(\d{2,3})(?:[.,]|%2[ce])(\d{3,})/gi,
    key: ([, whole = "", decimals = ""]) => [3, 5, 7].map((n) => decimalKey(whole, decimals, n)),
  },
  {
    // Millionths and the like: 613819274.
    pattern: /(?<!\d)\d{8,10}(?!\d)/g,
    key: ([digits]) =>
      [6, 7].map((n) => `units ${digits.slice(0, (digits[0] === "1" ? 3 : 2) + n)}`),
  },
  {
    pattern: /(\d{2,3})\s?(?:°|%C2%B0)\s?(\d{1,2})\s?(?:['′]|%27)\s?(\d{1,2})/g,
    key: ([, d = "", m = "", s = ""]) => [`sexagesimal ${d} ${m} ${s}`],
  },
  { pattern: /[2-9CFGHJMPQRVWX]{8}(?=\+)/g, key: ([code]) => [`plus code ${code}`] },
  { pattern: /zq[a-z]{4}/g, key: ([word]) => [`word ${word}`] },
];

const GEOHASH_RUN = /[0-9b-hjkmnp-z]{7,}/gi;

function decimalKey(whole: string, decimals: string, count: number): string {
  return `${count} decimals ${whole}.${decimals.slice(0, count)}`;
}

/** Everything that is searched for. */
export class Search {
  readonly #marks = new Map<string, Mark>();
  readonly #secrets: { readonly name: string; readonly form: string }[] = [];
  /** The marks of each text, which is read once. */
  readonly #read = new WeakMap<Haystack, readonly Marked[]>();

  constructor(marks: readonly Mark[], secrets: readonly MarkedSecret[]) {
    for (const mark of marks) for (const key of keysOf(mark)) this.#marks.set(key, mark);
    for (const { name, text } of secrets) {
      for (const form of formsOf(text)) this.#secrets.push({ name, form });
    }
  }

  /** Marks and secrets at places where they must not be. */
  in(haystacks: Iterable<Haystack>): Finding[] {
    const findings: Finding[] = [];
    for (const haystack of haystacks) {
      for (const { mark, at } of this.#marksIn(haystack)) {
        if (haystack.surface !== undefined && mark.allowed.has(haystack.surface)) continue;
        findings.push(finding(haystack, mark.name, at));
      }
      for (const { name, form } of this.#secrets) {
        const at = haystack.text.indexOf(form);
        if (at >= 0) findings.push(finding(haystack, name, at));
      }
    }
    return findings;
  }

  /** The marks that are somewhere in the texts, allowed or not. */
  found(haystacks: Iterable<Haystack>): ReadonlySet<Mark> {
    const found = new Set<Mark>();
    for (const haystack of haystacks) {
      for (const { mark } of this.#marksIn(haystack)) found.add(mark);
    }
    return found;
  }

  #marksIn(haystack: Haystack): readonly Marked[] {
    const read = this.#read.get(haystack) ?? [...this.#readMarks(haystack)];
    this.#read.set(haystack, read);
    return read;
  }

  *#readMarks({ text, decimals = 3 }: Haystack): Generator<Marked> {
    for (const { pattern, key } of FORMS) {
      for (const match of text.matchAll(pattern)) {
        const keys = key(match).filter((key) =>
          !/^\d decimals/.test(key) || key.startsWith(`${decimals} `)
        );
        const mark = keys.map((key) => this.#marks.get(key)).find((mark) => mark !== undefined);
        if (mark !== undefined) yield { mark, at: match.index };
      }
    }
    for (const { 0: run, index } of text.matchAll(GEOHASH_RUN)) {
      const lower = run.toLowerCase();
      for (let at = 0; at + 7 <= run.length; at++) {
        const mark = this.#marks.get(`geohash ${lower.slice(at, at + 7)}`);
        if (mark !== undefined) yield { mark, at: index + at };
      }
    }
  }
}

function finding({ where, text }: Haystack, what: string, at: number): Finding {
  return { where, what, excerpt: text.slice(Math.max(0, at - 60), at + 60) };
}

/** The texts that reveal a mark, by the names of `FORMS`. */
function* keysOf(mark: Mark): Generator<string> {
  for (const coordinate of [mark.lat, mark.lng]) {
    const size = Math.abs(coordinate);
    for (const count of [3, 5, 7]) {
      for (const text of [String(size), size.toFixed(count)]) {
        const [whole = "", decimals = ""] = text.split(".");
        yield decimalKey(whole, decimals, count);
      }
    }
    for (const digits of [6, 7]) yield `units ${Math.floor(size * 10 ** digits)}`;
    const [d, m, s = ""] = sexagesimal(size).split(/[°']/);
    yield `sexagesimal ${d} ${m} ${s.split(".")[0]}`;
  }
  yield `plus code ${plusCode(mark).slice(0, 8)}`;
  yield `word ${mark.word}`;
  yield `geohash ${geohash(mark).slice(0, 7)}`;
}

/** A secret as it is, in URLs, in JSON, and as HTTP and Postgres send it. */
function formsOf(secret: string): ReadonlySet<string> {
  const bytes = Buffer.from(secret);
  return new Set([
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    encodeURIComponent(secret).toLowerCase(),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    bytes.toString("base64"),
    bytes.toString("base64url"),
    bytes.toString("hex"),
  ]);
}
