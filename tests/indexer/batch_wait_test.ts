import assert from "node:assert/strict";
import { BatchWait } from "../../lib/indexer/batch_wait.ts";
import { seededRandom } from "../support/seeded_random.ts";

function after(times: number, ms: number, wait = new BatchWait(null)): BatchWait {
  for (let i = 0; i < times; i++) wait.took(ms);
  return wait;
}

Deno.test("a batch waits for more events as long as its first event is committed within 18 ms", () => {
  for (const ms of [1, 4, 10, 17]) {
    const wait = after(200, ms).ms;
    assert.ok(Math.abs(wait + ms - 18) < 0.1, `waits ${wait} ms where a batch takes ${ms} ms`);
  }
});

Deno.test("where batches differ in how long they take, nine of ten first events are committed within 18 ms", () => {
  const random = seededRandom(7);
  for (const [least, most] of [[2, 6], [3, 12], [1, 16]] as const) {
    const wait = new BatchWait(null);
    let late = 0;
    for (let batch = 0; batch < 2_000; batch++) {
      const ms = least + (most - least) * random();
      if (batch >= 200 && wait.ms + ms > 18) late++;
      wait.took(ms);
    }
    assert.ok(late < 180, `${late} of 1,800 where a batch takes ${least} to ${most} ms`);
    assert.ok(wait.ms > 0 || most > 12, `no wait where a batch takes ${least} to ${most} ms`);
  }
});

Deno.test("a batch does not wait when the database is far away, or its latency is not known yet", () => {
  for (const ms of [18, 60, 5_000]) assert.equal(after(200, ms).ms, 0);
  assert.equal(new BatchWait(null).ms, 0);
});

Deno.test("one slow batch changes the wait little, and a lasting change is learned within a hundred batches", () => {
  const wait = after(200, 4);
  wait.took(30);
  assert.ok(wait.ms > 7, String(wait.ms));
  assert.equal(after(100, 60, wait).ms, 0);
  assert.ok(after(100, 4, wait).ms > 10, String(wait.ms));
});

Deno.test("a fixed wait stays unchanged", () => {
  assert.equal(after(50, 60, new BatchWait(300)).ms, 300);
});
