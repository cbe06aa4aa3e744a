import assert from "node:assert/strict";
import { noOutcomes } from "../../../lib/server/facts/counts.ts";
import { History } from "../../../lib/server/facts/history.ts";

const START = 60_000 * 1_000_000;

Deno.test("an hour of minutes is always sixty buckets, oldest first, the empty ones too", () => {
  const history = new History(60_000, 60);
  history.add(START, "applied", 2);
  history.add(START + 59_999, "applied", 1);
  history.add(START + 60_000, "stale", 5);
  const buckets = history.buckets(START + 61_000);
  assert.equal(buckets.length, 60);
  assert.deepEqual(buckets.slice(-3), [
    { startMs: START - 60_000, counts: noOutcomes(), seen: null },
    { startMs: START, counts: { ...noOutcomes(), applied: 3 }, seen: null },
    { startMs: START + 60_000, counts: { ...noOutcomes(), stale: 5 }, seen: null },
  ]);
});

Deno.test("buckets older than the ring are forgotten, also without later events", () => {
  const history = new History(60_000, 60);
  history.add(START, "applied", 2);
  const total = (nowMs: number): number =>
    history.buckets(nowMs).reduce((sum, { counts }) => sum + counts.applied, 0);
  assert.equal(total(START + 59 * 60_000), 2);
  assert.equal(total(START + 60 * 60_000), 0);
  history.add(START + 60 * 60_000, "applied", 7);
  assert.equal(total(START + 60 * 60_000), 7);
});

Deno.test("a clock that is set back does not stop the counting", () => {
  const history = new History(60_000, 60);
  for (let minute = 0; minute < 60; minute++) {
    history.add(START + minute * 60_000, "applied", 1);
  }
  const back = START - 86_400_000;
  history.add(back, "applied", 3);
  assert.equal(history.buckets(back).at(-1)?.counts.applied, 3);
});

Deno.test("a rate is a mean over complete buckets", () => {
  const recent = new History(1_000, 11);
  for (let second = 0; second < 10; second++) recent.add(START + second * 1_000, "applied", 50);
  recent.add(START + 10_000, "applied", 1_000_000);
  assert.equal(recent.rates(START + 10_500).applied, 50);
  assert.equal(recent.rates(START + 10_500).stale, 0);
});

Deno.test("buckets handed out don't change afterwards", () => {
  const history = new History(60_000, 2);
  history.add(START, "applied", 1);
  const [, before] = history.buckets(START);
  history.add(START, "applied", 1);
  assert.equal(before?.counts.applied, 1);
});

Deno.test("a bucket keeps its worst observation", () => {
  const history = new History(60_000, 3);
  history.see(START, { lagSeconds: 2, connected: true, replaying: false });
  history.see(START + 1, { lagSeconds: 90, connected: false, replaying: false });
  history.see(START + 2, { lagSeconds: 0, connected: true, replaying: false });
  history.see(START + 120_000, { lagSeconds: 0, connected: true, replaying: false });
  const seen = (nowMs: number): unknown[] => history.buckets(nowMs).map((bucket) => bucket.seen);
  assert.deepEqual(seen(START + 120_000), [
    { lagSeconds: 90, connected: false, replaying: false },
    null,
    { lagSeconds: 0, connected: true, replaying: false },
  ]);
  assert.deepEqual(seen(START + 180_000), [null, {
    lagSeconds: 0,
    connected: true,
    replaying: false,
  }, null]);
});
