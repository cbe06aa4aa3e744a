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
