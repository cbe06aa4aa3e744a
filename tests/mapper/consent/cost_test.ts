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

Deno.test("what a record costs for each byte is bounded, whatever its size", async () => {
  const { slow } = await work();
  assert.deepEqual(slow, []);
});

const SIZES = [20_000, 200_000, 900_000];

function tagsOf(tag: Json, bytes: number): Json[] {
  const each = JSON.stringify(tag).length + 1;
  return Array.from({ length: Math.floor(bytes / each) }, () => tag);
}

function after(tags: Json): Json[] {
  return coarsen("app.subcult.post", { tags }).record.tags as Json[];
}

Deno.test("whatever the size of a record, texts beyond its budget are removed completely, and earlier ones stay", () => {
  for (const size of SIZES) {
    const left = after(tagsOf("0.1111 a", size));
    assert.equal(left[0], "0.1111 a");
    assert.equal(left.at(-1), "[place removed]", `${size}`);
    const text = "Doors at eight, platform 9/3. ".repeat(size / 100);
    let nested = text;
    for (let level = 0; level < 9; level++) nested = JSON.stringify({ nested });
    assert.notEqual(coarsen("app.subcult.post", { nested }).record.nested, nested, `${size}`);
  }
});

Deno.test("a text that has to be normalised counts more", () => {
  const plain = "Doors at eight, platform 9/3 - and then, all of us";
  const escaped = plain.replace("-", "–").replace(" 9", "%209");
  for (const size of SIZES) {
    assert.equal(after(tagsOf(plain, size)).at(-1), plain);
    const left = after(tagsOf(escaped, size));
    assert.equal(left[0], escaped);
    assert.equal(left.at(-1), "[place removed]", `${size}`);
  }
});

Deno.test("lists count towards the budget for a record", () => {
  const lists = [["1"], ["2"]];
  for (const size of SIZES) {
    const many = tagsOf(lists, size);
    assert.ok(after(many).length < many.length, `${size}: all lists were searched`);
  }
});

Deno.test("a table of numbers, or a track, is removed completely", () => {
  const track = Array.from({ length: 2000 }, (_, i) => `61.38${i} north, then 101.57${i} east.`);
  assert.equal(withoutPlaces(`Our way: ${track.join("\n")}`), "[place removed]");
  const left = (numbers: number): Json =>
    coarsen("app.subcult.post", { text: "0.1234 ".repeat(numbers) }).record.text ?? null;
  assert.equal(left(500), "0.1234 ".repeat(500));
  assert.equal(left(5_000), "[place removed]");
});

Deno.test("spaces after a number in a list do not increase the cost", async () => {
  const { spaced, unspaced } = await work();
  assert.ok(spaced <= 8 * unspaced, `${spaced} and ${unspaced} µs`);
});

/** Measured once, in a process of its own, so that other tests in this process don't count. */
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
