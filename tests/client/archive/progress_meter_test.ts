import assert from "node:assert/strict";
import type { ReplayProgress } from "../../../lib/client/archive/replay_observer.ts";
import { ProgressMeter } from "../../../lib/client/archive/progress_meter.ts";
import { ArchiveServer } from "../../support/jetstream/archive_server.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { eventsIn, mixedArchive, replay } from "../../support/jetstream/replayed.ts";

function meter(startSeq: number, tipSeq: number): {
  clock: FakeClock;
  meter: ProgressMeter;
  told: ReplayProgress[];
  at: (seq: number) => void;
} {
  const clock = new FakeClock();
  const told: ReplayProgress[] = [];
  const meter = new ProgressMeter({ startSeq, tipSeq }, clock, (progress) => told.push(progress));
  return { clock, meter, told, at: (seq) => meter.report({ seq, events: 0, bytes: 0 }) };
}

Deno.test("progress is reported every ten seconds, and at once when it has to be", () => {
  const { clock, meter: subject, told, at } = meter(0, 1000);
  at(0);
  for (let second = 1; second <= 25; second++) {
    clock.advance(1000);
    at(second * 10);
  }
  assert.deepEqual(told.map(({ done }) => done), [0, 100, 200]);
  subject.report({ seq: 250, events: 3, bytes: 4 }, true);
  assert.deepEqual(told.at(-1), {
    done: 250,
    total: 1000,
    perSecond: 10,
    leftMs: 75_000,
    segmentsDone: 0,
    segmentsTotal: 0,
    events: 3,
    bytes: 4,
    startedAt: Date.UTC(2026, 7, 20),
  });
});

Deno.test("done and total count from where the replay starts", () => {
  const { clock, told, at } = meter(600, 1000);
  at(600);
  clock.advance(10_000);
  at(700);
  assert.deepEqual(told.map(({ done, total, leftMs }) => [done, total, leftMs]), [
    [0, 400, null],
    [100, 400, 30_000],
  ]);
});

Deno.test("the rate is that of the last minute, so it shows when a replay slows down", () => {
  const { clock, told, at } = meter(0, 1_000_000);
  at(0);
  for (let step = 1; step <= 12; step++) {
    clock.advance(10_000);
    at(step * 10_000);
  }
  assert.equal(told.at(-1)?.perSecond, 1000);
  for (let step = 1; step <= 6; step++) {
    clock.advance(10_000);
    at(120_000 + step * 100);
  }
  assert.equal(told.at(-1)?.perSecond, 10);
});

Deno.test("segments of an outdated plan are counted once", () => {
  const { meter: subject, told } = meter(0, 10);
  subject.planned(5);
  subject.segmentDone();
  subject.segmentDone();
  subject.planned(3);
  subject.report({ seq: 0, events: 0, bytes: 0 }, true);
  const { segmentsDone, segmentsTotal } = told.at(-1)!;
  assert.deepEqual([segmentsDone, segmentsTotal], [2, 5]);
});

Deno.test("a replay reports its progress at its start and at its end", async () => {
  await using server = new ArchiveServer(mixedArchive(3, 2, 20), { wholeFrom: 0 });
  const { done, chunks, progress } = replay(server, { start: { cursor: 20, timeUs: 0 } });
  await done;
  const [first, last] = [progress[0]!, progress.at(-1)!];
  assert.deepEqual([first.done, first.total], [0, 100]);
  assert.deepEqual([last.done, last.total, last.leftMs], [100, 100, 0]);
  assert.deepEqual([last.segmentsDone, last.segmentsTotal], [3, 3]);
  assert.equal(last.events, eventsIn(chunks).length);
  assert.ok(last.bytes > 1000);
});
