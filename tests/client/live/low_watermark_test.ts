import assert from "node:assert/strict";
import { LowWatermark } from "../../../lib/client/live/low_watermark.ts";
import type { ResumePoint } from "../../../lib/client/live/resume_point.ts";

function at(cursor: number): ResumePoint {
  return { cursor, timeUs: cursor, source: "a" };
}

Deno.test("on a server without order, reading resumes at the lowest number of the last thirty seconds", () => {
  const low = new LowWatermark();
  low.begin(null);
  const lowest = (cursor: number, ms: number): number => low.add(at(cursor), ms).cursor;
  assert.equal(lowest(100, 0), 100);
  assert.equal(lowest(300, 500), 100);
  assert.equal(lowest(200, 900), 100);
  assert.equal(lowest(400, 31_000), 100);
  assert.equal(lowest(500, 31_001), 400);
});

Deno.test("after a lower number, reading resumes there for the next thirty seconds", () => {
  const low = new LowWatermark();
  low.begin(null);
  low.add(at(500), 0);
  assert.equal(low.add(at(300), 5_000).cursor, 300);
  assert.equal(low.add(at(900), 36_000).cursor, 300);
  assert.equal(low.add(at(901), 36_001).cursor, 900);
});

Deno.test("the start of a connection counts until its first event", () => {
  const low = new LowWatermark();
  low.begin(at(100));
  assert.equal(low.add(at(200), 0).cursor, 100);
  low.begin(null);
  assert.equal(low.add(at(300), 10).cursor, 300);
});
