/** Where reading resumes after the received events: numbers, times, clocks, and silence. */

import assert from "node:assert/strict";
import { Progress } from "../../../lib/client/live/progress.ts";
import type { ResumePoint } from "../../../lib/client/live/resume_point.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";

const HERE = "one.example/subscribe";
const THERE = "two.example/subscribe";
const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;

/** Progress with its clock, and its reports about clocks. */
class Subject {
  readonly clock = new FakeClock();
  readonly said: (number | null)[] = [];
  readonly progress: Progress;

  constructor(stored: ResumePoint | null = null) {
    const clockDiffers = (aheadMs: number | null): void => void this.said.push(aheadMs);
    this.progress = new Progress({ stored, clock: this.clock, clockDiffers });
  }

  get nowUs(): number {
    return this.clock.now() * 1000;
  }

  /** An event so many seconds from now, by the server's clock. A number of 0 is its time. */
  event(cursor: number, seconds: number, source = HERE): void {
    const timeUs = this.nowUs + seconds * SECOND;
    this.progress.advance({ cursor: cursor || timeUs, timeUs, mark: `${timeUs} x` }, source);
  }

  /** Advances the time in ticks of two seconds without events. Returns the positions to be stored. */
  silence(seconds: number, held = false): ResumePoint[] {
    const stored: ResumePoint[] = [];
    for (let at = 0; at < seconds; at += 2) {
      this.clock.advance(2_000);
      const point = this.progress.look(held);
      if (point !== null) stored.push(point);
    }
    return stored;
  }
}

Deno.test("from the first live connection on there is a position, and it is stored", () => {
  const subject = new Subject();
  assert.equal(subject.progress.look(false), null);
  const nowUs = subject.nowUs;
  subject.progress.connected(HERE, null);
  const expected = { cursor: nowUs, timeUs: nowUs, source: HERE };
  assert.deepEqual(subject.silence(10), [expected]);
  subject.event(5, 0);
  assert.equal(subject.progress.point?.cursor, 5);
});

Deno.test("a connection that begins at the operator's cursor is no live start", () => {
  const subject = new Subject();
  subject.progress.connected(HERE, "0");
  assert.deepEqual(subject.silence(60), []);
});

Deno.test("on a quiet connection the time advances, an hour behind, and the number stays", () => {
  const subject = new Subject();
  subject.progress.connected(HERE, null);
  subject.event(5, 0);
  const { mark } = subject.progress.take()!;
  const stored = subject.silence(30 * 3_600);
  const { point } = subject.progress;
  assert.ok(stored.length > 100, `${stored.length} times`);
  assert.deepEqual([point?.cursor, point?.mark], [5, mark]);
  assert.equal(point?.timeUs, subject.nowUs - HOUR);
});

Deno.test("on a quiet connection the position is stored whenever it advanced by a minute", () => {
  const subject = new Subject();
  const timeUs = subject.nowUs - 10 * HOUR;
  subject.progress.connected(HERE, "5");
  subject.progress.advance({ cursor: 5, timeUs, mark: "x" }, HERE);
  subject.progress.take();
  subject.silence(2);
  // It moves at twice the speed of the clock.
  assert.deepEqual(subject.silence(28), []);
  assert.deepEqual(subject.silence(2).map((point) => point.timeUs - timeUs), [60 * SECOND]);
});

Deno.test("a position that is only a time advances as a whole", () => {
  const subject = new Subject();
  subject.progress.connected(HERE, null);
  subject.silence(30 * 3_600);
  const { point } = subject.progress;
  assert.deepEqual(point, {
    cursor: subject.nowUs - HOUR,
    timeUs: subject.nowUs - HOUR,
    source: HERE,
  });
});

Deno.test("a silent server that may still replay events does not advance the position", () => {
  const timeUs = new FakeClock().now() * 1000 - 20 * HOUR;
  const subject = new Subject({ cursor: 5, timeUs, source: HERE, mark: `${timeUs} x` });
  subject.progress.connected(HERE, "5");
  subject.silence(3_600);
  assert.ok(subject.progress.point!.timeUs <= timeUs + 2 * HOUR);
});

Deno.test("the position stays without a connection, while reading is paused, and while events arrive", () => {
  for (const what of ["disconnected", "held", "busy"] as const) {
    const subject = new Subject();
    subject.progress.connected(HERE, null);
    subject.event(5, -10 * 3_600);
    if (what === "disconnected") subject.progress.disconnected();
    const before = subject.progress.take();
    if (what === "busy") {
      for (let tick = 0; tick < 100; tick++) {
        subject.clock.advance(2_000);
        subject.progress.advance({ cursor: 4, timeUs: before!.timeUs - 1 }, HERE);
        subject.progress.look(false);
      }
    } else subject.silence(3_600, what === "held");
    assert.deepEqual(subject.progress.point, before, what);
  }
});

Deno.test("one event ahead of the clock does not move the position, whatever its number", () => {
  for (const ahead of [90, 20 * 3_600]) {
    const subject = new Subject();
    subject.event(5, 0);
    subject.event(6, ahead);
    assert.equal(subject.progress.point?.cursor, 5);
    subject.event(7, 0);
    assert.equal(subject.progress.point?.cursor, 7);
    assert.deepEqual(subject.said, []);
    const byTime = new Subject();
    byTime.event(0, 0);
    const { point } = byTime.progress;
    byTime.event(0, ahead);
    assert.deepEqual(byTime.progress.point, point);
  }
});

Deno.test("when all events are ahead, the difference is reported, and the server's numbers count", () => {
  for (const numbered of [true, false]) {
    const subject = new Subject();
    const hours = 20 * 3_600;
    for (let second = 0; second < 40; second++) {
      subject.event(numbered ? 100 + second : 0, hours);
      subject.clock.advance(1_000);
    }
    assert.deepEqual(subject.said, [hours * 1000]);
    const { cursor, timeUs } = subject.progress.point!;
    assert.ok(timeUs <= subject.nowUs, "its time is one by our clock");
    if (numbered) assert.equal(cursor, 139);
    else assert.ok(cursor > subject.nowUs + (hours - 60) * SECOND);
    // A wrong time among them still does not move the position.
    subject.event(numbered ? 500 : 0, 2 * hours);
    assert.equal(subject.progress.point?.cursor, cursor);
    subject.event(numbered ? 501 : 0, 0);
    assert.deepEqual(subject.said, [hours * 1000, null]);
  }
});

Deno.test("a clock that is set again while it differs is reported anew, and the position advances on", () => {
  const subject = new Subject();
  const forAWhile = (aheadS: number): number => {
    for (let second = 0; second < 90; second++) {
      subject.event(++number, aheadS);
      subject.clock.advance(1_000);
    }
    return number;
  };
  let number = 0;
  for (const aheadS of [120, 3_600, 300]) {
    const last = forAWhile(aheadS);
    assert.equal(subject.progress.point?.cursor, last);
  }
  assert.deepEqual(subject.said, [120_000, 3_600_000, 300_000]);
});

Deno.test("a replay that catches up with a server whose clock is ahead advances the position to its end", () => {
  const subject = new Subject();
  // Half an hour of its events in ten seconds, then its live events.
  for (let second = -1_800; second < 3_600; second++) {
    subject.event(10_000 + second, second);
    if (second % 500 === 0) subject.clock.advance(1_000);
  }
  for (let second = 0; second < 90; second++) {
    subject.event(20_000 + second, 3_600);
    subject.clock.advance(1_000);
  }
  assert.equal(subject.progress.point?.cursor, 20_089);
});

Deno.test("on a server that numbers by time, reading resumes at the lowest number of the last seconds", () => {
  const start = new FakeClock().now() * 1000;
  const stored = { cursor: start - HOUR, timeUs: start - HOUR, source: HERE, mark: "x" };
  const replaying = new Subject(stored);
  replaying.progress.connected(HERE, String(start - HOUR));
  // Live events overtake the replay.
  for (let second = 0; second < 120; second++) {
    replaying.event(0, 0);
    assert.ok(replaying.progress.point!.cursor <= start - HOUR + second * SECOND);
    const timeUs = start - HOUR + second * SECOND;
    replaying.progress.advance({ cursor: timeUs, timeUs, mark: "y" }, HERE);
    replaying.clock.advance(1_000);
  }
  // The replay has ended, and its last event is past.
  for (let second = 0; second < 60; second++) {
    replaying.event(0, 0);
    replaying.clock.advance(1_000);
  }
  const behind = replaying.nowUs - replaying.progress.point!.cursor;
  assert.ok(behind > 0 && behind < 60 * SECOND, `${behind} us`);
});

Deno.test("when the clock of a server that numbers by time is set back, reading resumes further back too", () => {
  const subject = new Subject();
  subject.progress.connected(HERE, null);
  for (let second = 0; second < 60; second++) {
    subject.event(0, 0);
    subject.clock.advance(1_000);
  }
  subject.event(0, -3_600);
  assert.ok(subject.progress.point!.cursor <= subject.nowUs - HOUR);
});

Deno.test("a lower number advances the position when its time is later, or on another server", () => {
  const subject = new Subject();
  subject.event(9_000, -60);
  subject.event(5, -90);
  assert.equal(subject.progress.point?.cursor, 9_000);
  subject.event(6, -30);
  assert.equal(subject.progress.point?.cursor, 6);
  subject.event(2, -500, THERE);
  assert.deepEqual([subject.progress.point?.cursor, subject.progress.point?.source], [2, THERE]);
});
