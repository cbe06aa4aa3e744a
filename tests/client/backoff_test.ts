import assert from "node:assert/strict";
import { backoffMs } from "../../lib/client/backoff.ts";

const SETTINGS = { baseMs: 100, maxMs: 1000 };

Deno.test("CL-06 with the largest random number the wait doubles from the base up to the maximum", () => {
  const longest = [0, 1, 2, 3, 4, 5, 10].map((failures) => backoffMs(failures, SETTINGS, 1));
  assert.deepEqual(longest, [100, 200, 400, 800, 1000, 1000, 1000]);
});

Deno.test("CL-07 the whole wait is random, so many clients return at different times", () => {
  assert.equal(backoffMs(0, SETTINGS, 0), 0);
  assert.equal(backoffMs(0, SETTINGS, 0.5), 50);
  assert.equal(backoffMs(3, SETTINGS, 0.25), 200);
  for (let sample = 0; sample < 100; sample++) {
    const wait = backoffMs(0, SETTINGS, Math.random());
    assert.ok(wait >= 0 && wait < 100);
  }
});

Deno.test("the wait never exceeds the maximum, however many failures there were", () => {
  for (const failures of [29, 30, 31, 1000, Number.MAX_SAFE_INTEGER]) {
    assert.equal(backoffMs(failures, SETTINGS, 1), 1000);
  }
  assert.equal(backoffMs(0, { baseMs: 5000, maxMs: 1000 }, 1), 1000);
});
