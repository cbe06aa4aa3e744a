import assert from "node:assert/strict";
import { BatchWait } from "../../lib/indexer/batch_wait.ts";

function after(times: number, ms: number, wait = new BatchWait(null)): BatchWait {
  for (let i = 0; i < times; i++) wait.took(ms);
  return wait;
}

Deno.test("a batch waits for more events as long as its first event is committed within 15 ms", () => {
  for (const ms of [1, 4, 10, 14]) {
    const wait = after(50, ms).ms;
    assert.ok(Math.abs(wait + ms - 15) < 0.1, `waits ${wait} ms where a batch takes ${ms} ms`);
  }
});

Deno.test("a batch does not wait when the database is far away, or its latency is not known yet", () => {
  for (const ms of [15, 60, 5_000]) assert.equal(after(50, ms).ms, 0);
  assert.equal(new BatchWait(null).ms, 0);
});

Deno.test("one slow batch changes the wait little, and a lasting change is learned within some dozen batches", () => {
  const wait = after(50, 4);
  wait.took(30);
  assert.ok(wait.ms > 7, String(wait.ms));
  assert.equal(after(40, 60, wait).ms, 0);
  assert.ok(after(40, 4, wait).ms > 10, String(wait.ms));
});

Deno.test("a fixed wait stays unchanged", () => {
  assert.equal(after(50, 60, new BatchWait(300)).ms, 300);
});
