import assert from "node:assert/strict";
import { coordinateOf } from "../../../lib/mapper/place_text/coordinate.ts";

Deno.test("text of up to 40 characters can be a coordinate", () => {
  assert.equal(coordinateOf("47.6062".padEnd(40)), 47.6062);
  assert.ok(Number.isNaN(coordinateOf("47.6062".padEnd(41))));
});
