import assert from "node:assert/strict";
import { QUIET_MS, readingLagMs } from "../../../lib/server/facts/derived.ts";
import type { Condition } from "../../../lib/server/facts/condition.ts";
import { type Answer, healthOf, readinessOf } from "../../../lib/server/facts/health.ts";

const WELL: Condition = {
  pipeline: "running",
  oldestWaitingSeconds: 0,
  sinceProgressSeconds: 0,
  connected: true,
  migrated: true,
  databaseFailure: null,
  databaseBlocked: false,
  databaseRefusal: null,
  lagSeconds: 0,
  notesSeconds: 0,
  streamFault: null,
  clockAheadSeconds: 0,
  replay: null,
};

const REPLAY = { percent: 2, leftSeconds: 600, failuresInARow: 0, stalledSeconds: 0 };
const AWAY = { code: null };

const TABLE: readonly (readonly [string, Partial<Condition>, string[], string[]])[] = [
  ["all is well", {}, [], []],
  ["the pipeline has not started", { pipeline: "starting" }, [], ["starting"]],
  ["the process drains", { pipeline: "draining" }, [], ["draining"]],
  ["the pipeline is dead", { pipeline: "failed" }, ["pipeline_failed"], ["pipeline_failed"]],
  ["a quiet stream, nothing committed for hours", { sinceProgressSeconds: 9e9 }, [], []],
  ["the stream brings no event", { streamFault: "quiet_stream" }, [], ["quiet_stream"]],
  [
    "the stream sends only undecodable messages",
    { streamFault: "undecodable_stream" },
    [],
    ["undecodable_stream"],
  ],
  ["events wait, but commits go on", { oldestWaitingSeconds: 600 }, [], []],
  [
    "events wait for a minute, not more",
    { oldestWaitingSeconds: 60, sinceProgressSeconds: 60 },
    [],
    [],
  ],
  [
    "events have just come after a quiet hour",
    { oldestWaitingSeconds: 1, sinceProgressSeconds: 3600 },
    [],
    [],
  ],
  [
    "events wait and nothing is committed for over a minute",
    {
      oldestWaitingSeconds: 60.1,
      sinceProgressSeconds: 60.1,
      databaseFailure: AWAY,
      lagSeconds: 61,
    },
    ["no_progress"],
    ["database_down", "no_progress", "behind"],
  ],
  ["no connection", { connected: false }, [], ["not_connected"]],
  ["no migrations", { migrated: false }, [], ["not_migrated"]],
  ["no database, nothing waits", { databaseFailure: AWAY }, [], ["database_down"]],
  ["behind by a minute, not more", { lagSeconds: 60 }, [], []],
  ["all events are ahead of our clock", { clockAheadSeconds: 90 }, [], ["clock"]],
  ["behind by more", { lagSeconds: 60.1 }, [], ["behind"]],
  ["notes between partitions wait for more than a minute", { notesSeconds: 60.1 }, [], ["behind"]],
  [
    "the process has just started",
    { pipeline: "starting", connected: false, migrated: false, databaseFailure: AWAY },
    [],
    ["starting", "not_migrated", "database_down", "not_connected"],
  ],
  ["the archive is replayed", { replay: REPLAY, connected: false, lagSeconds: 9e7 }, [], [
    "replaying",
  ]],
  [
    "the archive is replayed, without a database",
    { replay: REPLAY, connected: false, databaseFailure: AWAY },
    [],
    ["database_down", "replaying"],
  ],
  ["a lock is in the way", { databaseBlocked: true }, [], ["database_blocked"]],
  [
    "a lock is in the way for so long that statements fail",
    { databaseBlocked: true, databaseRefusal: { code: "57014" } },
    [],
    ["database_blocked"],
  ],
  ["the disk is full", { databaseRefusal: { code: "53100" } }, [], ["database_refusing"]],
];
for (const [name, condition, unhealthy, unready] of TABLE) {
  Deno.test(`health and readiness: ${name}`, () => {
    assert.deepEqual(codesOf(healthOf({ ...WELL, ...condition })), unhealthy);
    assert.deepEqual(codesOf(readinessOf({ ...WELL, ...condition })), unready);
  });
}

function codesOf({ reasons }: Answer): string[] {
  return reasons.map(({ code }) => code);
}

/** The sentence for the one reason that holds. */
function sentence(condition: Partial<Condition>): string | undefined {
  return readinessOf({ ...WELL, ...condition }).reasons[0]?.message;
}

Deno.test("a replay reports its progress, its remaining time, and failures of the archive", () => {
  const says = (replay: Partial<typeof REPLAY>): string | undefined =>
    sentence({ replay: { ...REPLAY, ...replay } });
  assert.equal(says({}), "replaying the archive: 2 %, about 10 min left");
  assert.equal(says({ leftSeconds: 20 }), "replaying the archive: 2 %, about 20 s left");
  assert.equal(says({ leftSeconds: 7_200 }), "replaying the archive: 2 %, about 2 h left");
  assert.equal(
    says({ failuresInARow: 3 }),
    "replaying the archive: 2 %, requests that failed in a row: 3",
  );
  assert.equal(
    says({ stalledSeconds: 300 }),
    "replaying the archive: 2 %, nothing arrived for 5 min",
  );
  assert.equal(
    sentence({ replay: { ...REPLAY, percent: null, leftSeconds: null } }),
    "replaying the archive: it has just begun",
  );
});

Deno.test("a refusal of the database is reported with its code, a silent database without", () => {
  assert.match(
    sentence({ databaseRefusal: { code: "53100" } }) ?? "",
    /rejects writes.*SQLSTATE 53100/,
  );
  assert.match(sentence({ databaseFailure: { code: "28P01" } }) ?? "", /can't be used.*28P01/);
  assert.equal(
    sentence({ databaseFailure: { code: "ECONNREFUSED" } }),
    "the database does not answer",
  );
});

const NOW = 1_000_000_000;

/** Times as milliseconds before now. */
function lag(
  ago: Partial<Record<"reading" | "interrupted" | "received" | "newest", number | null>>,
): number {
  const at = (ms: number | null = null): number | null => ms === null ? null : NOW - ms;
  return readingLagMs({
    sinceMs: at(ago.reading),
    interruptedAtMs: at(ago.interrupted) ?? NOW - 3_600_000,
    lastReceivedAtMs: null,
    clockAheadMs: null,
    lastTimedAtMs: at(ago.received),
    newestTimeMs: at(ago.newest),
  }, NOW);
}

Deno.test("the lag of a live stream is the age of its newest event when it arrived", () => {
  assert.equal(lag({ reading: 60_000, received: 1_000, newest: 1_300 }), 300);
});

Deno.test("a quiet stream is caught up, however old its last event is", () => {
  assert.equal(lag({ reading: 60_000, received: QUIET_MS + 1, newest: 86_400_000 }), 0);
  assert.equal(lag({ reading: QUIET_MS + 1, newest: 86_400_000 }), 0);
});

Deno.test("the lag of a replay is the age of the replayed events, also between two events", () => {
  assert.equal(lag({ reading: 60_000, received: QUIET_MS, newest: 86_400_000 }), 86_395_000);
});

Deno.test("the lag of a new connection is the age of the stored cursor until a message arrives", () => {
  assert.equal(lag({ reading: 100, newest: 3_600_000 }), 3_600_000);
  assert.equal(lag({ reading: 100, received: 5_000, interrupted: 4_000, newest: 5_500 }), 5_500);
  assert.equal(lag({ reading: 100 }), 0);
});

Deno.test("without a connection the lag grows, from the last event of a busy stream", () => {
  assert.equal(lag({ interrupted: 10_000, received: 10_100, newest: 10_500 }), 10_500);
});

Deno.test("without a connection the lag grows from its end where the stream was quiet", () => {
  assert.equal(lag({ interrupted: 10_000, received: 3_600_000, newest: 3_600_500 }), 10_000);
});

Deno.test("before the first connection the lag is the age of the stored cursor, or of the process", () => {
  assert.equal(lag({ interrupted: 2_000, newest: 900_000 }), 900_000);
  assert.equal(lag({ interrupted: 2_000 }), 2_000);
});

Deno.test("an event in the future gives no lag", () => {
  assert.equal(lag({ reading: 60_000, received: 1_000, newest: -30_000 }), 0);
});
