import assert from "node:assert/strict";
import type { Json } from "../../../lib/decoder/json.ts";
import { withoutHiddenPlaces } from "../../../lib/mapper/consent/hidden_place.ts";

/** A place nested in this many lists and objects, alternately. */
function nested(levels: number): Json {
  let value: Json = { lat: 47.6062, kept: 1 };
  for (let level = 1; level < levels; level++) value = level % 2 ? [value] : { a: value };
  return value;
}

Deno.test("places 128 levels below a record are found; a record nested deeper is refused", () => {
  const cleaned = withoutHiddenPlaces({ a: nested(128) }, new Set());
  assert.ok(cleaned !== null);
  assert.match(JSON.stringify(cleaned), /"kept":1/);
  assert.doesNotMatch(JSON.stringify(cleaned), /lat/);
  assert.equal(withoutHiddenPlaces({ a: nested(129) }, new Set()), null);
});
