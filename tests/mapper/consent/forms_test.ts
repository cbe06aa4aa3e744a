/** The corpus of forms: what is removed, coarsened, kept and open, in every position and disguise. */

import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../../lib/decoder/json.ts";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";
import { type Form, FORMS, PLACES } from "../../support/places/forms.ts";

const COLLECTIONS = ["app.subcult.scene", "app.subcult.post", "com.example.unmapped"];

function after(record: JsonObject): JsonObject {
  const [first, ...others] = COLLECTIONS.map((collection) => coarsen(collection, record));
  assert.ok(first);
  for (const other of others) assert.deepEqual(other, first);
  assert.deepEqual(coarsen("app.subcult.post", first.record).record, first.record, "once more");
  return first.record;
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

Deno.test("every form is removed, coarsened or kept as the corpus says", () => {
  const wrong = FORMS.filter(({ form, expected, stored }) => {
    const left = after({ form }).form ?? null;
    const right = expected === "removed" || expected === "coarsened" ? stored ?? null : form;
    return JSON.stringify(left) !== JSON.stringify(right);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("the corpus is large, describes each form, and has enough harmless forms", () => {
  const count = (expected: Form["expected"]): number =>
    FORMS.filter((form) => form.expected === expected).length;
  assert.ok(FORMS.length >= 400 && PLACES.length >= 300);
  assert.ok(count("kept") >= 100 && count("open") >= 20 && count("coarsened") >= 5);
  assert.equal(new Set(FORMS.map(({ form }) => JSON.stringify(form))).size, FORMS.length);
  for (const { what, form, stored, secret } of PLACES) {
    const [told, left] = [JSON.stringify(form), JSON.stringify(stored)];
    for (const part of secret ?? []) {
      assert.ok(told.includes(inJson(part)) && !left.includes(inJson(part)), what);
    }
  }
});

/** Where a value can be in a record. */
const POSITIONS: Readonly<Record<string, (value: Json) => JsonObject>> = {
  "in a list": (value) => ({ a: ["x", value, 1] }),
  "deep": (value) => ({ a: [{ b: { c: [[value]] } }] }),
  "under a key of places": (value) => ({ venue: { note: value } }),
  "in JSON in text": (value) => ({ a: JSON.stringify({ b: value }) }),
  "in JSON in JSON": (value) => ({ a: JSON.stringify({ b: JSON.stringify([value]) }) }),
  "in half of JSON": (value) => ({ a: JSON.stringify({ b: value }).slice(0, -1) }),
};

/** Other ways to write a text. */
const TEXT_POSITIONS: Readonly<Record<string, (text: string) => JsonObject>> = {
  "as a key": (text) => ({ [text]: 1, a: 1 }),
  "in prose": (text) => ({ a: `Before it. ${text} - after it.` }),
  "on a line of its own": (text) => ({ a: `Before\n${text}\nafter` }),
  "in a URL": (text) => ({ a: `https://example.org/?a=1&b=${encodeURIComponent(text)}&c=2` }),
  "in a URL in a URL": (text) => ({
    a: `https://example.org/?b=${encodeURIComponent(encodeURIComponent(text))}`,
  }),
  "in an attribute": (text) => ({
    a: `<p title="${text.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}">`,
  }),
};

function leaksOf({ secret }: Form, left: JsonObject): string[] {
  const text = JSON.stringify(left);
  return (secret ?? []).filter((part) =>
    [part, inJson(part), inJson(inJson(part)), inJson(inJson(inJson(part)))].some((form) =>
      text.includes(form)
    ) || text.includes(encodeURIComponent(part))
  );
}

/** Truncated JSON is text: values that only keys or lists identify as a place stay, as SECURITY.md says. */
const OPEN_IN_HALF: ReadonlySet<string> = new Set([
  "small units under loc",
  "degrees in a list under position",
  "a geohash under place",
  "street",
  "German street",
  "fractions in lists under an unknown key",
  "fractions as texts in a list",
  "degrees, minutes and seconds as two lists",
  "an angle as an object",
  "an angle as an object, with decimal minutes",
  "an angle as an object, with short keys and a side",
  "an angle of one letter each, with a side",
  "a number with its side beside it",
  "a number with its unit beside it",
  "an angle with its hemisphere as h",
  "the key of a system",
  "a number with its hemisphere beside it",
]);

for (const [position, put] of Object.entries(POSITIONS)) {
  Deno.test(`no place of the corpus stays ${position}`, () => {
    const leaks = PLACES.filter((form) => leaksOf(form, after(put(form.form))).length > 0)
      .filter(({ what }) => position !== "in half of JSON" || !OPEN_IN_HALF.has(what));
    assert.deepEqual(leaks.map(({ what, form }) => [what, after(put(form))]), []);
  });
}

for (const [position, put] of Object.entries(TEXT_POSITIONS)) {
  Deno.test(`no text with a place stays ${position}`, () => {
    const leaks = PLACES.filter((form) =>
      typeof form.form === "string" && leaksOf(form, after(put(form.form))).length > 0
    );
    assert.deepEqual(leaks.map(({ what, form }) => [what, after(put(String(form)))]), []);
  });
}

/** Disguises of single characters, so that what must not stay is disguised like the text. */
const DISGUISES: Readonly<Record<string, (text: string) => string>> = {
  "full-width": (text) =>
    text.replace(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)),
  "zero-width spaces": (text) => [...text].join("\u200b"),
  "soft hyphens": (text) => [...text].join("\u00ad"),
  "Devanagari digits": (text) =>
    text.replace(/\d/g, (digit) => String.fromCharCode(0x0966 + Number(digit))),
  "struck out": (text) => text.replace(/\d/g, "$&\u0336"),
  "percent": (text) => [...text].map(percent).join(""),
  "entities": (text) => [...text].map((sign) => `&#${sign.codePointAt(0)};`).join(""),
  "entities in hex": (text) =>
    [...text].map((sign) => `&#x${(sign.codePointAt(0) ?? 0).toString(16)};`).join(""),
  "escapes of JSON": (text) =>
    text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
};

function percent(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) =>
    `%${byte.toString(16).padStart(2, "0")}`
  ).join("");
}

/** Forms that are hidden already: two disguises of digits at once are nobody's habit. */
const DISGUISED = /[^\0-\x7f]|%|&[#a-z]|\\/;

for (const [disguise, apply] of Object.entries(DISGUISES)) {
  Deno.test(`no text with a place stays in disguise: ${disguise}`, () => {
    const leaks: unknown[] = [];
    for (const { what, form, secret } of PLACES) {
      if (typeof form !== "string" || DISGUISED.test(form)) continue;
      const left = JSON.stringify(after({ a: apply(form) }));
      if (secret?.some((part) => left.includes(inJson(apply(part))))) leaks.push([what, left]);
    }
    assert.deepEqual(leaks, []);
  });
}
