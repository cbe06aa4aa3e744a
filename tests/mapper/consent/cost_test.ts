/** The cost of the search for places is linear in the text, for any text. */

import assert from "node:assert/strict";
import type { Json } from "../../../lib/decoder/json.ts";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";
import { withoutPlaces } from "../../../lib/mapper/consent/place_text.ts";
import type { Work } from "../../support/places/work.ts";

Deno.test("a text sixteen times as long takes about sixteen times the work", async () => {
  const { worse } = await work();
  assert.deepEqual(worse, []);
});

Deno.test("texts beyond the budget of a record are removed completely, and earlier ones stay", () => {
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

Deno.test("a text that has to be normalised counts twice", () => {
  const tags = (text: string): Json => {
    const record = { tags: Array.from({ length: 40 }, () => text.repeat(550)) };
    return (coarsen("app.subcult.post", record).record.tags as Json[]).at(-1) ?? null;
  };
  const plain = "Doors at eight, platform 9/3. ";
  assert.equal(tags(plain), plain.repeat(550));
  assert.equal(tags("Doors at eight, platform 9/3 – "), "[place removed]");
});

Deno.test("lists count towards the budget for a record", () => {
  const list = ["Doors", "at", "eight"];
  const few = { tags: Array.from({ length: 1_000 }, () => list) };
  assert.equal(coarsen("app.subcult.post", few).record.tags, few.tags);
  const many = { tags: Array.from({ length: 33_000 }, () => list) };
  const { tags } = coarsen("app.subcult.post", many).record as { tags: string[][] };
  assert.deepEqual(tags[0], list);
  assert.ok(tags.length < many.tags.length, "all lists were searched");
});

Deno.test("a table of numbers, or a track, is removed completely", () => {
  const track = Array.from({ length: 2000 }, (_, i) => `61.38${i} north, then 101.57${i} east.`);
  assert.equal(withoutPlaces(`Our way: ${track.join("\n")}`), "[place removed]");
  assert.equal(withoutPlaces("0.1234 ".repeat(20_000)), "[place removed]");
  const short = "0.1234 ".repeat(5000);
  assert.equal(withoutPlaces(short), short);
});

Deno.test("spaces after a number in a list do not increase the cost", async () => {
  const { spaced, unspaced } = await work();
  assert.ok(spaced <= 8 * unspaced, `${spaced} and ${unspaced} µs`);
});

/** Measured once, in a process of its own: what other tests do in this one must not count. */
let measured: Promise<Work> | undefined;

function work(): Promise<Work> {
  return measured ??= measure();
}

async function measure(): Promise<Work> {
  const script = new URL("../../support/places/work.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", script],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
