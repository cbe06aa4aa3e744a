import assert from "node:assert/strict";
import { ClockWatch } from "../../../lib/client/live/clock_watch.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";

const MINUTE_US = 60_000_000;

Deno.test("reading may resume from an event up to a minute ahead of the clock, not from a later one", () => {
  const watch = new ClockWatch();
  const clock = new FakeClock();
  assert.equal(watch.isBelievable(MINUTE_US, clock), true);
  assert.equal(watch.isBelievable(MINUTE_US + 1, clock), false);
});

Deno.test("a wrong clock is reported when all events were ahead for half a minute, not before", () => {
  const watch = new ClockWatch();
  const clock = new FakeClock();
  const ahead = 10 * MINUTE_US;
  assert.equal(watch.isBelievable(ahead, clock), false);
  clock.advance(29_999);
  assert.equal(watch.isBelievable(ahead, clock), false);
  assert.equal(watch.aheadUs, null);
  clock.advance(1);
  assert.equal(watch.isBelievable(ahead, clock), true);
  assert.equal(watch.aheadUs, ahead);
  assert.equal(watch.isBelievable(ahead + MINUTE_US, clock), true);
  assert.equal(watch.isBelievable(ahead + MINUTE_US + 1, clock), false);
});

Deno.test("when the clocks come to differ by more, reading may resume again after half a minute", () => {
  const watch = new ClockWatch();
  const clock = new FakeClock();
  const pass = (ahead: number): boolean => {
    let believed = false;
    for (let second = 0; second < 90; second++) {
      believed = watch.isBelievable(ahead, clock);
      clock.advance(1_000);
    }
    return believed;
  };
  assert.equal(pass(2 * MINUTE_US), true);
  assert.equal(pass(60 * MINUTE_US), true);
  assert.equal(watch.aheadUs, 60 * MINUTE_US);
  assert.equal(watch.isBelievable(600 * MINUTE_US, clock), false, "a single event after a silence");
  assert.equal(pass(2 * MINUTE_US), true);
  assert.equal(watch.aheadUs, 2 * MINUTE_US);
});
