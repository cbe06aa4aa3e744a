/** What the search for places costs is linear in the text, whatever it says. */

import assert from "node:assert/strict";
import process from "node:process";
import { withoutPlaces } from "../lib/mapper/place_text.ts";
import { WORST_TEXTS } from "./places/worst_text.ts";

const SMALL = 12_000;
const TIMES = 16;

/** The processor's time in microseconds, not the clock's: other processes don't count. */
function workOf(text: string): number {
  const { user, system } = process.cpuUsage();
  withoutPlaces(text);
  const after = process.cpuUsage();
  return after.user + after.system - user - system;
}

/** The rest of the process and a busy machine only add work, so the least of several tries counts. */
const TRIES = 5;

/** Quadratic would be 256 times. Below a millisecond, it is the clock that is measured. */
function isLinear(small: string, large: string): boolean {
  let least = Infinity;
  for (let rest = TRIES; rest > 0; rest--) {
    least = Math.min(least, workOf(small), workOf(small), workOf(small));
    if (workOf(large) <= Math.max(1000, least) * TIMES * 4) return true;
  }
  return false;
}

Deno.test("a text sixteen times as long takes about sixteen times the work", () => {
  const worse = WORST_TEXTS.filter(({ text }) => !isLinear(text(SMALL), text(SMALL * TIMES)));
  assert.deepEqual(worse.map(({ name }) => name), []);
});

Deno.test("a table of numbers, or a track, goes as a whole", () => {
  const track = Array.from({ length: 2000 }, (_, i) => `61.38${i} north, then 101.57${i} east.`);
  assert.equal(withoutPlaces(`Our way: ${track.join("\n")}`), "[place removed]");
  assert.equal(withoutPlaces("0.1234 ".repeat(20_000)), "[place removed]");
  const short = "0.1234 ".repeat(5000);
  assert.equal(withoutPlaces(short), short);
});
