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

function leastWork(text: string): number {
  return Math.min(...[1, 2, 3].map(() => workOf(text)));
}

Deno.test("a text sixteen times as long takes about sixteen times the work", () => {
  const worse = WORST_TEXTS.filter(({ text }) => {
    // Quadratic would be 256 times. Below a millisecond, it is the clock that is measured.
    const least = Math.max(1000, leastWork(text(SMALL)));
    return leastWork(text(SMALL * TIMES)) > least * TIMES * 4;
  });
  assert.deepEqual(worse.map(({ name }) => name), []);
});

Deno.test("a table of numbers, or a track, goes as a whole", () => {
  const track = Array.from({ length: 2000 }, (_, i) => `61.38${i} north, then 101.57${i} east.`);
  assert.equal(withoutPlaces(`Our way: ${track.join("\n")}`), "[place removed]");
  assert.equal(withoutPlaces("0.1234 ".repeat(20_000)), "[place removed]");
  const short = "0.1234 ".repeat(5000);
  assert.equal(withoutPlaces(short), short);
});
