/** When a connection that brings nothing counts as dead. */

import assert from "node:assert/strict";
import { IdleWatchdog } from "../../../lib/client/live/idle_watchdog.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";

const IDLE_MS = 1000;

Deno.test("a silent read is reported when its own time is over, whenever it began", async () => {
  const clock = new FakeClock();
  let idle = 0;
  using watch = new IdleWatchdog(clock, IDLE_MS, () => idle++);
  clock.advance(600);
  const { promise, resolve } = Promise.withResolvers<string>();
  const reading = watch.over(() => promise);
  clock.advance(999);
  assert.equal(idle, 0);
  clock.advance(1);
  assert.equal(idle, 1);
  resolve("late");
  assert.deepEqual(await reading, { result: "late", waitedMs: 1000 });
});

Deno.test("between two reads no time counts", async () => {
  const clock = new FakeClock();
  let idle = 0;
  {
    using watch = new IdleWatchdog(clock, IDLE_MS, () => idle++);
    for (let read = 0; read < 5; read++) {
      await watch.over(() => Promise.resolve(clock.advance(IDLE_MS - 1)));
      clock.advance(IDLE_MS * 3);
    }
  }
  assert.equal(idle, 0);
  assert.deepEqual(clock.pending, [], "its timer ends with it");
});
