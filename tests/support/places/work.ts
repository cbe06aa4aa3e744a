/** Measures what the search for places costs, in the processor's time of this process, and prints it as JSON. */

import process from "node:process";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";
import { withoutPlaces } from "../../../lib/mapper/consent/place_text.ts";
import type { JsonObject } from "../../../lib/decoder/json.ts";
import { FOUND } from "./worst_record.ts";
import { WORST_TEXTS } from "./worst_text.ts";

export interface Work {
  /** Texts that cost far more than in proportion when they are longer. */
  readonly worse: readonly string[];
  /** Records that cost more than so many times what parsing as many bytes of JSON does, of any size. */
  readonly slow: readonly string[];
  /** Microseconds for a list of numbers with spaces behind them, and with letters. */
  readonly spaced: number;
  readonly unspaced: number;
}

const SMALL = 12_000;
const TIMES = 16;

/** The rest of the process only adds work, so the least of several tries counts. */
const TRIES = 5;

function workOf(run: () => void): number {
  const { user, system } = process.cpuUsage();
  run();
  const after = process.cpuUsage();
  return after.user + after.system - user - system;
}

/** Quadratic would be 256 times. Below a millisecond, it is the clock that is measured. */
function isLinear(small: string, large: string): boolean {
  let least = Infinity;
  for (let rest = TRIES; rest > 0; rest--) {
    for (let times = 0; times < 3; times++) {
      least = Math.min(least, workOf(() => withoutPlaces(small)));
    }
    if (workOf(() => withoutPlaces(large)) <= Math.max(1000, least) * TIMES * 4) return true;
  }
  return false;
}

const SIZES = [20_000, 200_000, 1_000_000];

/** As measured: 45 to 65. It was 280 when small records had the budget of large ones. */
const MAX_TIMES_PARSING = 100;

/** What parsing ordinary JSON takes on this machine, in microseconds a byte. */
function parsing(): number {
  const post = {
    text: "Doors at eight, platform 9/3. Bring a friend.",
    langs: ["en"],
    likes: 12.5,
  };
  const json = JSON.stringify(Array.from({ length: 10_000 }, () => post));
  return Math.min(...Array.from({ length: 20 }, () => workOf(() => JSON.parse(json)))) /
    json.length;
}

function isSlow(record: JsonObject, unit: number): boolean {
  const bytes = new TextEncoder().encode(JSON.stringify(record)).length;
  const times = Math.ceil(200_000 / bytes);
  for (let rest = TRIES; rest > 0; rest--) {
    const work = workOf(() => {
      for (let time = 0; time < times; time++) coarsen("app.subcult.post", record);
    });
    if (work / times / bytes <= unit * MAX_TIMES_PARSING) return false;
  }
  return true;
}

function leastOfList(item: string): number {
  const list = Array.from({ length: 5_000 }, () => item);
  const tries = Array.from(
    { length: TRIES },
    () => workOf(() => coarsen("app.subcult.post", { list })),
  );
  return Math.min(...tries);
}

if (import.meta.main) {
  const worse = WORST_TEXTS.filter(({ text }) => !isLinear(text(SMALL), text(SMALL * TIMES)));
  const unit = parsing();
  const slow = FOUND.flatMap(({ name, record }) =>
    SIZES.filter((size) => isSlow(record(size), unit)).map((size) => `${name}, ${size}`)
  );
  const work: Work = {
    slow,
    worse: worse.map(({ name }) => name),
    spaced: leastOfList(`1${" ".repeat(38)}x`),
    unspaced: leastOfList(`1${"x".repeat(39)}`),
  };
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(work)));
}
