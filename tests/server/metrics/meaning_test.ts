import assert from "node:assert/strict";
import type { CommittedBatch, DecidedEvents } from "../../../lib/server/facts/committed_batch.ts";
import { Telemetry } from "../../../lib/server/telemetry/telemetry.ts";
import { HandClock, NOON, SCENE } from "../../support/server_subject.ts";

interface Told {
  readonly telemetry: Telemetry;
  readonly clock: HandClock;
  /** Value of a series, with its labels as written. */
  readonly value: (series: string) => Promise<number>;
}

function told(): Told {
  const clock = new HandClock();
  const telemetry = new Telemetry({ collections: [SCENE], version: "1", clock });
  return {
    telemetry,
    clock,
    async value(series: string): Promise<number> {
      const lines = (await telemetry.metrics.text()).split("\n");
      const line = lines.find((line) => line.startsWith(`${series} `));
      assert(line !== undefined, series);
      return Number(line.slice(series.length));
    },
  };
}

function batch(
  events: readonly Partial<DecidedEvents>[],
  more: Partial<CommittedBatch> = {},
): CommittedBatch {
  return {
    events: events.map((event) => ({
      outcome: "applied",
      collection: SCENE,
      upsert: false,
      receivedAt: null,
      ...event,
    })),
    deadLetterReasons: [],
    durationMs: 4,
    position: null,
    ...more,
  };
}

const HERE = { endpoint: { source: "h/subscribe", protocol: "v1" } } as const;
const LOST = { kind: "broken", code: null, reason: "" } as const;
const CHOSEN = { kind: "paused", code: null, reason: "" } as const;
const failed = (failures: number) => ({
  source: "h/subscribe",
  failures,
  why: "connection refused",
  retryInMs: 1_000,
});

Deno.test("MT-03 every message taken from the queue counts as processed", async () => {
  const { telemetry, value } = told();
  telemetry.batches.taken(1);
  telemetry.batches.taken(41);
  assert.equal(await value("indexer_messages_processed_total"), 42);
});

Deno.test("MT-04 dead letters count as errors, undecodable messages too (D-43)", async () => {
  const { telemetry, value } = told();
  telemetry.batches.committed(batch([
    { outcome: "dead_letter" },
    { outcome: "dead_letter", collection: null, count: 2 },
    { outcome: "applied", upsert: true },
  ], { deadLetterReasons: ["invalid_type", "invalid_json", "invalid_json"] }));
  assert.equal(await value("indexer_messages_error_total"), 3);
  assert.equal(await value('indexer_dead_letters_total{reason="invalid_json"}'), 2);
  assert.equal(
    await value('indexer_events_total{collection="none",outcome="dead_letter"}'),
    2,
  );
});

Deno.test("MT-05 upserts are committed inserts and updates, neither deletes nor skipped events", async () => {
  const { telemetry, value } = told();
  telemetry.batches.committed(batch([
    { upsert: true, count: 5 },
    { upsert: false },
    { outcome: "duplicate" },
    { outcome: "stale" },
  ]));
  assert.equal(await value("indexer_upserts_total"), 5);
});

Deno.test("MT-06 trust recomputations are counted", async () => {
  const { telemetry, value } = told();
  telemetry.batches.trustChanged();
  telemetry.batches.trustChanged(2);
  assert.equal(await value("indexer_trust_recompute_total"), 3);
});

Deno.test("MT-07 latency is from receipt to commit, the wait in the queue included (D-43)", async () => {
  const { telemetry, clock, value } = told();
  const receivedAt = clock.monotonic();
  clock.pass(300);
  telemetry.batches.committed(batch([
    { upsert: true, receivedAt },
    { outcome: "duplicate", receivedAt, count: 2 },
    { outcome: "ignored", receivedAt: null, count: 1_000 },
  ]));
  assert.equal(await value("indexer_ingest_latency_seconds_count"), 1);
  assert.equal(await value("indexer_ingest_latency_seconds_sum"), 0.3);
  assert.equal(await value('indexer_ingest_latency_seconds_bucket{le="0.25"}'), 0);
  assert.equal(await value('indexer_ingest_latency_seconds_bucket{le="0.5"}'), 1);
  assert.equal(await value("indexer_commit_latency_seconds_count"), 3);
  assert.equal(await value("indexer_batch_size_sum"), 1_003);
  assert.equal(await value("indexer_transaction_seconds_sum"), 0.004);
});

Deno.test("F-12 MT-08 a thousand interleaved reports are all counted", async () => {
  const { telemetry, value } = told();
  await Promise.all(Array.from({ length: 10 }, async () => {
    for (let i = 0; i < 100; i++) {
      await Promise.resolve();
      telemetry.batches.taken(1);
      telemetry.stream.attemptFailed(failed(1));
      telemetry.batches.trustChanged();
      telemetry.batches.committed(batch([{ upsert: true }, { outcome: "dead_letter" }]));
    }
  }));
  for (
    const name of [
      "indexer_messages_processed_total",
      "indexer_messages_error_total",
      "indexer_upserts_total",
      "indexer_trust_recompute_total",
      "indexer_reconnection_attempts_total",
    ]
  ) assert.equal(await value(name), 1_000, name);
});

Deno.test("MT-09 MT-10 MT-11 a pause is counted once at each end, with its whole duration (D-40)", async () => {
  const { telemetry, clock, value } = told();
  telemetry.stream.resumed();
  telemetry.stream.paused();
  telemetry.stream.paused();
  clock.pass(31_000);
  assert.equal(await value("indexer_paused"), 1);
  assert.equal(await value("indexer_paused_seconds"), 31);
  clock.pass(14_000);
  telemetry.stream.resumed();
  telemetry.stream.resumed();
  assert.equal(await value("indexer_backpressure_paused_total"), 1);
  assert.equal(await value("indexer_backpressure_resumed_total"), 1);
  assert.equal(await value("indexer_backpressure_pause_duration_seconds_sum"), 45);
  assert.equal(await value("indexer_backpressure_pause_duration_seconds_count"), 1);
  assert.equal(await value("indexer_paused"), 0);
  assert.equal(await value("indexer_paused_seconds"), 0);
});

Deno.test("MT-12 the pending messages and their bytes go up and down with the queue", async () => {
  const { telemetry, value } = told();
  let queued = 0;
  telemetry.watchBacklog(() => ({ queued, queuedBytes: queued * 500, oldest: null }));
  for (const size of [0, 1_001, 99]) {
    queued = size;
    assert.equal(await value("indexer_pending_messages"), size);
    assert.equal(await value("indexer_queue_bytes"), size * 500);
  }
});

Deno.test("MT-13 the lag is the age of events at their arrival, plus their wait until the commit", async () => {
  const { telemetry, clock, value } = told();
  telemetry.stream.connected(HERE);
  telemetry.stream.received((NOON - 2_000) * 1000, 500);
  assert.equal(await value("indexer_processing_lag_seconds"), 2);
  const oldest = { receivedAt: clock.monotonic(), timeUs: (NOON - 2_000) * 1000 };
  telemetry.watchBacklog(() => ({ queued: 1, queuedBytes: 1, oldest }));
  clock.pass(4_000);
  assert.equal(await value("indexer_processing_lag_seconds"), 6);
  assert.equal(await value("indexer_oldest_waiting_seconds"), 4);
});

Deno.test("D-38 the lag grows in a stall, and a quiet stream has none", async () => {
  const { telemetry, clock, value } = told();
  telemetry.stream.connected(HERE);
  telemetry.stream.received(NOON * 1000, 500);
  clock.pass(3_600_000);
  assert.equal(await value("indexer_processing_lag_seconds"), 0);
  telemetry.stream.disconnected(LOST);
  clock.pass(90_000);
  assert.equal(await value("indexer_processing_lag_seconds"), 90);
});

Deno.test("in a pause the lag grows, because events are unread", async () => {
  const { telemetry, clock, value } = told();
  telemetry.stream.connected(HERE);
  telemetry.stream.received(NOON * 1000, 500);
  telemetry.stream.paused();
  telemetry.stream.disconnected(CHOSEN);
  clock.pass(70_000);
  assert.equal(await value("indexer_processing_lag_seconds"), 70);
  assert.equal(telemetry.condition.connected, true);
});

Deno.test("in a pause the lag is the age of the oldest event that isn't committed, once", async () => {
  const { telemetry, clock, value } = told();
  telemetry.stream.connected(HERE);
  const backlog = { receivedAt: clock.monotonic(), timeUs: (NOON - 1_000) * 1000 };
  telemetry.watchBacklog(() => ({ queued: 1_001, queuedBytes: 1, oldest: backlog }));
  for (let second = 0; second < 50; second++) {
    telemetry.stream.received((clock.now() - 1_000) * 1000, 500);
    clock.pass(1_000);
  }
  telemetry.stream.paused();
  telemetry.stream.disconnected(CHOSEN);
  clock.pass(95_000);
  assert.equal(await value("indexer_processing_lag_seconds"), 146);
});

Deno.test("no event counts as older than the committed position, nor as newer than its receipt", async () => {
  const { telemetry, clock, value } = told();
  telemetry.stream.connected(HERE);
  telemetry.batches.committed(
    batch([{}], { position: { cursor: 6, timeUs: (NOON - 5_000) * 1000 } }),
  );
  let timeUs = 0;
  telemetry.watchBacklog(() => ({
    queued: 1,
    queuedBytes: 1,
    oldest: { receivedAt: clock.monotonic() - 2_000, timeUs },
  }));
  assert.equal(await value("indexer_processing_lag_seconds"), 5);
  timeUs = (NOON + 90_000) * 1000;
  assert.equal(await value("indexer_processing_lag_seconds"), 2);
});

Deno.test("in a replay of the archive the lag is the age of the last committed event", async () => {
  const { telemetry, value } = told();
  telemetry.archive.began(HERE.endpoint);
  telemetry.batches.committed(
    batch([{}], { position: { cursor: 6, timeUs: (NOON - 9e9) * 1000 } }),
  );
  assert.equal(await value("indexer_processing_lag_seconds"), 9e6);
});

Deno.test("a time in the future does not hide a later lag, and an old time does not cause one", async () => {
  const { telemetry, value } = told();
  telemetry.stream.connected(HERE);
  telemetry.stream.received((NOON + 10 ** 10) * 1000, 500);
  telemetry.stream.received((NOON - 3_000) * 1000, 500);
  assert.equal(await value("indexer_processing_lag_seconds"), 3);
  telemetry.stream.received(0, 500);
  assert.equal(await value("indexer_processing_lag_seconds"), 3);
});

Deno.test("the age of the cursor keeps growing in a stall, from the stored one on", async () => {
  const { telemetry, clock, value } = told();
  clock.pass(5_000);
  assert.equal(await value("indexer_cursor_age_seconds"), 5);
  telemetry.stream.resumedFrom({ cursor: 5, timeUs: (NOON - 60_000) * 1000 });
  assert.equal(await value("indexer_cursor_age_seconds"), 65);
  telemetry.batches.committed(
    batch([{}], { position: { cursor: 6, timeUs: (NOON + 4_000) * 1000 } }),
  );
  assert.equal(await value("indexer_cursor_age_seconds"), 1);
  telemetry.batches.committed(batch([{}]));
  clock.pass(10_000);
  assert.equal(await value("indexer_cursor_age_seconds"), 11);
});

Deno.test("MT-14 every failed attempt is counted, and the consecutive ones too", async () => {
  const { telemetry, value } = told();
  telemetry.stream.attemptFailed(failed(1));
  telemetry.stream.attemptFailed(failed(2));
  assert.equal(await value("indexer_reconnection_attempts_total"), 2);
  assert.equal(await value("indexer_reconnection_failures_in_a_row"), 2);
  telemetry.stream.connected(HERE);
  assert.equal(await value("indexer_reconnection_failures_in_a_row"), 0);
  assert.equal(await value("indexer_reconnection_attempts_total"), 2);
});

Deno.test("MT-15 a connection after a failure or a loss is a reconnection (D-36), the first is none", async () => {
  const { telemetry, value } = told();
  telemetry.stream.connected(HERE);
  assert.equal(await value("indexer_reconnection_success_total"), 0);
  assert.equal(await value("indexer_connected"), 1);
  telemetry.stream.disconnected(LOST);
  assert.equal(await value("indexer_connected"), 0);
  telemetry.stream.connected(HERE);
  assert.equal(await value("indexer_reconnection_success_total"), 1);
  telemetry.stream.disconnected(LOST);
  telemetry.stream.attemptFailed(failed(1));
  telemetry.stream.connected(HERE);
  assert.equal(await value("indexer_reconnection_success_total"), 2);
});

Deno.test("after a connection was closed on purpose, for a pause, the next one is no reconnection", async () => {
  const { telemetry, value } = told();
  telemetry.stream.connected(HERE);
  telemetry.stream.paused();
  telemetry.stream.disconnected(CHOSEN);
  telemetry.stream.resumed();
  telemetry.stream.connected(HERE);
  assert.equal(await value("indexer_reconnection_success_total"), 0);
});

Deno.test("MT-16 refused records and failed transactions are failed writes", async () => {
  const { telemetry, value } = told();
  telemetry.batches.committed(batch([
    { outcome: "dead_letter" },
    { outcome: "dead_letter", collection: null },
    { outcome: "waiting" },
  ]));
  assert.equal(await value("indexer_database_writes_failed_total"), 1);
  telemetry.batches.failed("40P01");
  assert.equal(await value("indexer_database_writes_failed_total"), 2);
  assert.equal(await value('indexer_commit_failures_total{sqlstate_class="40"}'), 1);
});

Deno.test("the database is up when it answers, with any answer, and down when it does not", async () => {
  const { telemetry, value } = told();
  assert.equal(await value("indexer_database_up"), 0);
  const up: (string | null)[] = [];
  for (
    const code of [
      "22P02",
      "40001",
      "57P01",
      null,
      "08006",
      "ECONNREFUSED",
      "EPIPE",
      "CONNECT_TIMEOUT",
    ]
  ) {
    telemetry.batches.committed(batch([{}]));
    assert.equal(await value("indexer_database_up"), 1);
    telemetry.batches.failed(code);
    if (await value("indexer_database_up") === 1) up.push(code);
  }
  assert.deepEqual(up, ["22P02", "40001"]);
  telemetry.batches.committed(batch([{}]));
  // It answers: a lock that outlasts a statement, a full disk, too many connections.
  for (const code of ["57014", "53100", "53300", "58030", "25006"]) {
    assert.equal(await value("indexer_database_refusing"), 0);
    telemetry.batches.failed(code);
    assert.equal(await value("indexer_database_up"), 1, code);
    assert.equal(await value("indexer_database_refusing"), 1, code);
    telemetry.batches.committed(batch([{}]));
  }
  assert.equal(await value('indexer_commit_failures_total{sqlstate_class="unanswered"}'), 4);
});

Deno.test("a running replay of the archive is shown, and so are failures of the archive", async () => {
  const { telemetry, value } = told();
  const shown = (): Promise<number[]> =>
    Promise.all(
      ["replaying", "replay_done", "replay_total", "replay_rate", "replay_left_seconds"]
        .concat("archive_failures_in_a_row").map((name) => value(`indexer_${name}`)),
    );
  assert.deepEqual(await shown(), [0, 0, 0, 0, 0, 0]);
  telemetry.archive.began(HERE.endpoint);
  telemetry.archive.requestFailed(failed(12));
  assert.deepEqual(await shown(), [1, 0, 0, 0, 0, 12]);
  telemetry.archive.requestAnswered();
  telemetry.archive.progressed({
    done: 100,
    total: 900,
    perSecond: 40,
    leftMs: 20_000,
    segmentsDone: 1,
    segmentsTotal: 9,
    events: 12,
    bytes: 4_000,
    startedAt: NOON,
  });
  assert.deepEqual(await shown(), [1, 100, 900, 40, 20, 0]);
  telemetry.archive.requestFailed(failed(1));
  telemetry.archive.ended();
  assert.deepEqual(await shown(), [0, 0, 0, 0, 0, 0]);
});

Deno.test("notices are counted by code", async () => {
  const { telemetry, value } = told();
  telemetry.noticed("outdated_cursor");
  telemetry.noticed("outdated_cursor");
  assert.equal(await value('indexer_notices_total{code="outdated_cursor"}'), 2);
});
