/** What the search for places costs is linear in the text, whatever it says. */

import assert from "node:assert/strict";
import process from "node:process";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";
import { withoutPlaces } from "../../../lib/mapper/consent/place_text.ts";
import { WORST_TEXTS } from "../../support/places/worst_text.ts";

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

Deno.test("what is beyond the effort for a record goes as a whole, and what is before it stays", () => {
  const text = "Doors at eight, platform 9/3. ".repeat(2_000);
  const { record } = coarsen("app.subcult.post", {
    text,
    tags: Array.from({ length: 40 }, () => text),
    last: "Bring a friend.",
  });
  const tags = record.tags as string[];
  assert.equal(record.text, text);
  assert.equal(tags[0], text);
  assert.equal(tags.at(-1), "[place removed]");
  let nested = text;
  for (let level = 0; level < 12; level++) nested = JSON.stringify({ nested });
  assert.notEqual(coarsen("app.subcult.post", { nested }).record.nested, nested);
});

Deno.test("a table of numbers, or a track, goes as a whole", () => {
  const track = Array.from({ length: 2000 }, (_, i) => `61.38${i} north, then 101.57${i} east.`);
  assert.equal(withoutPlaces(`Our way: ${track.join("\n")}`), "[place removed]");
  assert.equal(withoutPlaces("0.1234 ".repeat(20_000)), "[place removed]");
  const short = "0.1234 ".repeat(5000);
  assert.equal(withoutPlaces(short), short);
});

/** Short texts that begin like a coordinate: each is compared with one several times. */
Deno.test("a member of a list costs no more however many spaces it has behind its number", () => {
  const listOf = (item: string): string[] => Array.from({ length: 5_000 }, () => item);
  const workOfList = (item: string): number => {
    const { user, system } = process.cpuUsage();
    coarsen("app.subcult.post", { list: listOf(item) });
    const after = process.cpuUsage();
    return after.user + after.system - user - system;
  };
  const leastOf = (item: string): number =>
    Math.min(...Array.from({ length: TRIES }, () => workOfList(item)));
  assert.ok(leastOf(`1${" ".repeat(38)}x`) <= 8 * leastOf(`1${"x".repeat(39)}`));
});
