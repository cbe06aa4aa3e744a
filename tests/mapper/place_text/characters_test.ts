/** What rules out forms of places must never rule out one that is there. */

import assert from "node:assert/strict";
import { Characters, formsOf } from "../../../lib/mapper/place_text/characters.ts";

function has(text: string, ...forms: string[]): boolean {
  return new Characters(text).hasAny(formsOf(...forms));
}

Deno.test("a text has a form when it is as long and has its digits, letters and signs, in any order and case", () => {
  assert.ok(has("See LAT 47.6", "lat.00"));
  assert.ok(has("47.6 tal", "lat.00"));
  assert.ok(!has("47.6 ta", "lat.00"), "no l");
  assert.ok(!has("lat 476", "lat.00"), "no point");
  assert.ok(!has("lat .4", "lat.00"), "one digit");
  assert.ok(!has("lat", "lat*"), "too short");
  assert.ok(has("///a", "w3", "/"), "one of several");
});

Deno.test("a sign of degree stands for any character that is not ASCII", () => {
  assert.ok(has("47° 36", "0°0"));
  assert.ok(has("47度36", "0°0"));
  assert.ok(!has("47d36", "0°0"));
});

Deno.test("tabs and ends of lines are usual; other control characters and letters with accents are not", () => {
  assert.ok(!new Characters("a\tb\r\nc").isUnusual);
  for (const unusual of ["\0", "\x1f", "\x7f", "é", "🎵"]) {
    assert.ok(new Characters(`a${unusual}`).isUnusual, unusual);
  }
});
