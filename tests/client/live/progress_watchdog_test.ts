/** When an open stream counts as quiet, and a message as endless: exactly at the limit. */

import assert from "node:assert/strict";
import { MESSAGE_MS, ProgressWatchdog } from "../../../lib/client/live/progress_watchdog.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";

const QUIET_MS = 300_000;

function watched(): { clock: FakeClock; watch: ProgressWatchdog; told: string[] } {
  const clock = new FakeClock();
  const told: string[] = [];
  const watch = new ProgressWatchdog(clock, {
    quietMs: QUIET_MS,
    onQuiet: () => told.push("quiet"),
    onEndless: () => told.push("endless"),
  });
  return { clock, watch, told };
}

Deno.test("a stream is quiet when its time is over, and not a millisecond before", () => {
  const { clock, watch, told } = watched();
  using _watch = watch;
  clock.advance(QUIET_MS - 1);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ["quiet"]);
});

Deno.test("a later event restarts the timer, the same one again does not", () => {
  const { clock, watch, told } = watched();
  using _watch = watch;
  watch.reached({ cursor: 5, timeUs: 5 });
  clock.advance(1_000);
  watch.reached({ cursor: 6, timeUs: 5 });
  clock.advance(1_000);
  watch.reached({ cursor: 6, timeUs: 5 });
  watch.reached({ cursor: 5, timeUs: 4 });
  clock.advance(QUIET_MS - 1_001);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ["quiet"]);
});

Deno.test("an event of the future is new once, and not again because the clock has advanced", () => {
  const { clock, watch, told } = watched();
  using _watch = watch;
  const ahead = { cursor: 5, timeUs: clock.now() * 1000 + 3_600_000_000 };
  watch.reached(ahead);
  clock.advance(1_000);
  watch.reached(ahead);
  clock.advance(QUIET_MS - 1_001);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ["quiet"]);
});

Deno.test("time in which we paused reading does not count, neither for the stream nor for a message", () => {
  const { clock, watch, told } = watched();
  using _watch = watch;
  watch.waits(true);
  clock.advance(200_000);
  watch.restart();
  clock.advance(QUIET_MS - 1);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ["quiet"]);
});

Deno.test("an incomplete message must be complete in time, whatever parts of it arrive", () => {
  const { clock, watch, told } = watched();
  using _watch = watch;
  watch.waits(true);
  for (const cursor of [1, 2]) {
    clock.advance(MESSAGE_MS / 2 - 1);
    watch.reached({ cursor, timeUs: cursor });
    watch.waits(true);
  }
  clock.advance(1);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ["endless"]);
});
