/** Measures what the search for places costs, in the processor's time of this process, and prints it as JSON. */

import process from "node:process";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";
import { withoutPlaces } from "../../../lib/mapper/consent/place_text.ts";
import { WORST_TEXTS } from "./worst_text.ts";

export interface Work {
  /** Texts that cost far more than in proportion when they are longer. */
  readonly worse: readonly string[];
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
  const work: Work = {
    worse: worse.map(({ name }) => name),
    spaced: leastOfList(`1${" ".repeat(38)}x`),
    unspaced: leastOfList(`1${"x".repeat(39)}`),
  };
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(work)));
}
