import assert from "node:assert/strict";
import { EventQueue, type QueueLimits } from "../../lib/client/event_queue.ts";
import type { PauseObserver } from "../../lib/client/pause.ts";
import { FakeClock } from "../support/jetstream/fake_clock.ts";

const LIMITS: QueueLimits = { pauseAt: 1000, resumeAt: 100, max: 2000, maxBytes: 64 * 1024 * 1024 };

function make(
  limits: Partial<QueueLimits> = {},
): { queue: EventQueue<number>; clock: FakeClock; told: string[] } {
  const told: string[] = [];
  const observer: PauseObserver = {
    paused: () => told.push("paused"),
    resumed: (ms) => told.push(`resumed ${ms}`),
    stillPaused: (ms) => told.push(`still ${ms}`),
  };
  const clock = new FakeClock();
  const queue = new EventQueue<number>({
    limits: { ...LIMITS, ...limits },
    pauseAlertMs: 30_000,
    observer,
    clock,
  });
  return { queue, clock, told };
}

function fill(queue: EventQueue<number>, from: number, to: number, bytes = 1): void {
  for (let item = from; item < to; item++) queue.push(item, bytes);
}

function never(): AbortSignal {
  return new AbortController().signal;
}

function takeNow(queue: EventQueue<number>, maxItems: number): Promise<number[]> {
  return queue.take({ maxItems, maxWaitMs: 0, signal: never() });
}

Deno.test("CL-15 it pauses above 1000 items, not at 1000", () => {
  const { queue, told } = make();
  fill(queue, 0, 1000);
  assert.equal(queue.paused, false);
  queue.push(1000, 1);
  assert.equal(queue.paused, true);
  assert.deepEqual(told, ["paused"]);
  queue[Symbol.dispose]();
});

Deno.test("a batch has at most its limit of bytes, unless its first item is larger", async () => {
  const { queue } = make();
  for (const bytes of [30, 30, 50, 500, 1]) queue.push(bytes, bytes);
  const take = (): Promise<number[]> =>
    queue.take({ maxItems: 10, maxBytes: 100, maxWaitMs: 0, signal: never() });
  assert.deepEqual(await take(), [30, 30]);
  assert.deepEqual(await take(), [50]);
  assert.deepEqual(await take(), [500]);
  assert.deepEqual(await take(), [1]);
  assert.equal(queue.bytes, 0);
  queue[Symbol.dispose]();
});

Deno.test("a take returns as soon as the bytes of a batch are waiting", async () => {
  const { queue } = make();
  const taken = queue.take({ maxItems: 10, maxBytes: 100, maxWaitMs: 60_000, signal: never() });
  queue.push(1, 60);
  queue.push(2, 60);
  assert.deepEqual(await taken, [1]);
  queue[Symbol.dispose]();
});

Deno.test("CL-12 it resumes below 100 items, not at 100, and reports how long the pause was", async () => {
  const { queue, clock, told } = make();
  fill(queue, 0, 1001);
  clock.advance(700);
  await takeNow(queue, 901);
  assert.equal(queue.size, 100);
  assert.equal(queue.paused, true);
  await takeNow(queue, 1);
  assert.equal(queue.paused, false);
  assert.deepEqual(told, ["paused", "resumed 700"]);
  assert.deepEqual(clock.pending, []);
});

Deno.test("it pauses at the byte limit and resumes at a tenth of it", async () => {
  const { queue, told } = make({ maxBytes: 1000 });
  queue.push(1, 999);
  assert.equal(queue.paused, false);
  queue.push(2, 51);
  assert.equal(queue.paused, true);
  queue.push(3, 50);
  await takeNow(queue, 1);
  assert.equal(queue.bytes, 101);
  assert.equal(queue.paused, true);
  await takeNow(queue, 1);
  assert.equal(queue.bytes, 50);
  assert.equal(queue.paused, false);
  assert.deepEqual(told, ["paused", "resumed 0"]);
});

Deno.test("the queue is full exactly at the byte limit, and resumes exactly at a tenth of it", async () => {
  const { queue } = make({ maxBytes: 1000 });
  fill(queue, 0, 10, 100);
  assert.equal(queue.paused, true);
  await takeNow(queue, 8);
  assert.equal(queue.paused, true);
  await takeNow(queue, 1);
  assert.deepEqual([queue.bytes, queue.paused], [100, false]);
});

Deno.test("the queue is full at its maximum number of items, also when that equals the pause limit", () => {
  const { queue } = make({ pauseAt: 5, resumeAt: 1, max: 5 });
  fill(queue, 0, 4);
  assert.equal(queue.paused, false);
  queue.push(4, 1);
  assert.equal(queue.paused, true);
  queue[Symbol.dispose]();
});

Deno.test("an item larger than the byte limit is accepted, and pauses the queue until it is taken", async () => {
  const { queue } = make({ maxBytes: 10 });
  queue.push(1, 1_000_000);
  assert.equal(queue.paused, true);
  assert.deepEqual(await takeNow(queue, 5), [1]);
  assert.equal(queue.paused, false);
});

Deno.test("CL-16 what one message brings beyond the limits is kept, never dropped", async () => {
  const { queue } = make({ pauseAt: 3, resumeAt: 1, max: 5 });
  fill(queue, 0, 200);
  assert.equal(queue.size, 200);
  assert.deepEqual(await takeNow(queue, 1000), Array.from({ length: 200 }, (_, item) => item));
});

Deno.test("items come out in the order they went in, across many takes", async () => {
  const { queue } = make();
  const out: number[] = [];
  for (let round = 0; round < 50; round++) {
    fill(queue, round * 37, (round + 1) * 37);
    out.push(...await takeNow(queue, 31));
  }
  out.push(...await takeNow(queue, 1000));
  assert.deepEqual(out, Array.from({ length: 50 * 37 }, (_, item) => item));
  assert.equal(queue.bytes, 0);
});

Deno.test("D-40 a long pause is reported repeatedly, each time with its whole duration", async () => {
  const { queue, clock, told } = make();
  fill(queue, 0, 1001);
  clock.advance(95_000);
  await takeNow(queue, 1001);
  assert.deepEqual(told, ["paused", "still 30000", "still 60000", "still 90000", "resumed 95000"]);
});

Deno.test("a jump of the wall clock changes no duration", async () => {
  const { queue, clock, told } = make();
  fill(queue, 0, 1001);
  clock.setNow(0);
  clock.advance(500);
  await takeNow(queue, 1001);
  assert.deepEqual(told, ["paused", "resumed 500"]);
});

Deno.test("a take returns as soon as the batch is full", async () => {
  const { queue, clock } = make();
  const taken = queue.take({ maxItems: 3, maxWaitMs: 1000, signal: never() });
  fill(queue, 0, 5);
  assert.deepEqual(await taken, [0, 1, 2]);
  assert.deepEqual(clock.pending, []);
});

Deno.test("the wait of a take counts from when its first item was pushed", async () => {
  const { queue, clock } = make();
  queue.push(1, 1);
  clock.advance(15);
  const taken = queue.take({ maxItems: 3, maxWaitMs: 20, signal: never() });
  assert.deepEqual(clock.pending, [5]);
  queue.push(2, 1);
  clock.advance(5);
  assert.deepEqual(await taken, [1, 2]);
});

Deno.test("a take from a full queue returns at once, although the batch could be larger", async () => {
  const { queue } = make({ pauseAt: 3, resumeAt: 1 });
  const waiting = queue.take({ maxItems: 1000, maxWaitMs: 60_000, signal: never() });
  fill(queue, 0, 4);
  assert.deepEqual(await waiting, [0, 1, 2, 3]);
  fill(queue, 4, 8);
  const options = { maxItems: 1000, maxWaitMs: 60_000, signal: never() };
  assert.deepEqual(await queue.take(options), [4, 5, 6, 7]);
});

Deno.test("a take of an empty queue waits without a timer until something comes", async () => {
  const { queue, clock } = make();
  const taken = queue.take({ maxItems: 3, maxWaitMs: 20, signal: never() });
  clock.advance(60_000);
  assert.deepEqual(clock.pending, []);
  queue.push(1, 1);
  await clock.whenPending(20);
  clock.advance(20);
  assert.deepEqual(await taken, [1]);
});

Deno.test("after the end a take does not wait, and the last take is empty", async () => {
  const { queue } = make();
  queue.push(1, 1);
  const waiting = queue.take({ maxItems: 3, maxWaitMs: 60_000, signal: never() });
  queue.end();
  assert.deepEqual(await waiting, [1]);
  const options = { maxItems: 3, maxWaitMs: 60_000, signal: never() };
  assert.deepEqual(await queue.take(options), []);
});

Deno.test("an aborted take rejects with the reason, leaves no timer, and takes nothing", async () => {
  const { queue, clock } = make();
  const abort = new AbortController();
  queue.push(1, 1);
  const taken = queue.take({ maxItems: 3, maxWaitMs: 1000, signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(taken, /enough/);
  assert.deepEqual(clock.pending, []);
  assert.equal(queue.size, 1);
});

Deno.test("a second taker at the same time is an error", async () => {
  const { queue } = make();
  const first = queue.take({ maxItems: 1, maxWaitMs: 1, signal: never() });
  const second = queue.take({ maxItems: 1, maxWaitMs: 1, signal: never() });
  await assert.rejects(second, /one at a time/);
  queue.push(1, 1);
  assert.deepEqual(await first, [1]);
});

Deno.test("waiting for room ends when the pause ends, or with the abort", async () => {
  const { queue } = make();
  await queue.whenOpen(never());
  fill(queue, 0, 1001);
  const abort = new AbortController();
  const aborted = queue.whenOpen(abort.signal);
  const opened = queue.whenOpen(never());
  abort.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  await takeNow(queue, 1001);
  await opened;
});

Deno.test("limits that contradict each other are an error", () => {
  const wrong: Partial<QueueLimits>[] = [
    { resumeAt: 0 },
    { resumeAt: 1001 },
    { max: 999 },
    { maxBytes: 0 },
  ];
  for (const limits of wrong) assert.throws(() => make(limits), RangeError);
});
