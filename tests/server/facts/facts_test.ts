/** The inputs of health, metrics and status, at their limits. */

import assert from "node:assert/strict";
import type { ReplayProgress } from "../../../lib/client/archive/replay_observer.ts";
import { clientOf } from "../../../lib/server/http/connection.ts";
import { readinessOf } from "../../../lib/server/facts/health.ts";
import { replayOf } from "../../../lib/server/facts/replay_summary.ts";
import { Telemetry } from "../../../lib/server/telemetry/telemetry.ts";
import { HandClock, NOON } from "../../support/server_subject.ts";

function begun(): { readonly telemetry: Telemetry; readonly clock: HandClock } {
  const clock = new HandClock();
  const telemetry = new Telemetry({ collections: [], version: "test", clock });
  telemetry.database.migrated();
  return { telemetry, clock };
}

function progress(done: number, total: number): ReplayProgress {
  return {
    done,
    total,
    perSecond: 0,
    leftMs: null,
    segmentsDone: 0,
    segmentsTotal: 0,
    events: 0,
    bytes: 0,
    startedAt: NOON,
  };
}

Deno.test("a replay is at 100 % when it is done, and not before", () => {
  const { telemetry } = begun();
  telemetry.archive.began({ source: "a.example/archive" });
  for (const [done, percent] of [[0, 0], [1_999, 99], [2_000, 100]] as const) {
    telemetry.archive.progressed(progress(done, 2_000));
    assert.equal(replayOf(telemetry.facts, telemetry.now)?.percent, percent);
  }
});

Deno.test("a replay counts as stalled above sixty seconds without a step", () => {
  const { telemetry, clock } = begun();
  telemetry.archive.began({ source: "a.example/archive" });
  const stalled = (): number | undefined =>
    replayOf(telemetry.facts, telemetry.now)?.stalledSeconds;
  clock.pass(60_000);
  assert.equal(stalled(), 0);
  clock.pass(1);
  assert.equal(stalled(), 60.001);
  telemetry.archive.progressed(progress(1, 2));
  assert.equal(stalled(), 0);
});

Deno.test("a time up to a minute ahead counts as the newest, a later one does not", () => {
  const { telemetry } = begun();
  telemetry.stream.received((NOON + 60_000) * 1000, 1);
  assert.equal(telemetry.facts.reading.newestTimeMs, NOON + 60_000);
  telemetry.stream.received((NOON + 60_001) * 1000, 1);
  telemetry.stream.received((NOON + 120_000) * 1000, 1);
  assert.equal(telemetry.facts.reading.newestTimeMs, NOON + 60_000);
});

Deno.test("a database is down, or rejects writes, since the first of the consecutive failures", () => {
  const { telemetry, clock } = begun();
  const { database } = telemetry.facts;
  telemetry.database.failed("ECONNREFUSED");
  telemetry.batches.failed("53100");
  clock.pass(5_000);
  telemetry.database.failed("57P03");
  telemetry.batches.failed("25006");
  assert.deepEqual(database.failure, { code: "57P03", sinceMs: NOON });
  assert.deepEqual(database.refusal, { code: "25006", sinceMs: NOON });
  telemetry.database.answered();
  telemetry.database.failed(null);
  assert.deepEqual(database.failure, { code: null, sinceMs: NOON + 5_000 });
});

Deno.test("a standby is ready without a connection, a leader is not", () => {
  const { telemetry } = begun();
  telemetry.standsBy();
  assert.deepEqual(readinessOf(telemetry.condition).reasons, []);
  telemetry.pipelineStarted();
  const codes = readinessOf(telemetry.condition).reasons.map(({ code }) => code);
  assert.deepEqual(codes, ["not_connected"]);
});

Deno.test("a standby reports no problem of the stream that it no longer reads", () => {
  const { telemetry, clock } = begun();
  telemetry.pipelineStarted();
  telemetry.stream.paused();
  telemetry.stream.attemptFailed({ source: "a.example", failures: 11, why: "", retryInMs: 1 });
  telemetry.noticed("quiet_stream");
  telemetry.stream.clockDiffers(90_000);
  telemetry.batches.failed("25006");
  telemetry.reconcilesCounted({ queued: 20, failing: 20, oldestSeconds: 1 });
  telemetry.watchBacklog(() => ({
    queued: 1,
    queuedBytes: 1,
    oldest: { receivedAt: NOON, timeUs: null },
  }));
  telemetry.termEnded();
  telemetry.standsBy();
  clock.pass(3_600_000);
  assert.deepEqual(readinessOf(telemetry.condition).reasons, []);
  const { connection, reconcile, pausedAt, leads, partitions } = telemetry.facts;
  assert.deepEqual(
    [connection.failuresInARow, reconcile.queued, reconcile.failing, pausedAt, leads, partitions],
    [0, 0, 0, null, false, { of: 1, held: [] }],
  );
});

Deno.test("the stored data may be sixty seconds behind, and no more", () => {
  const { telemetry, clock } = begun();
  telemetry.pipelineStarted();
  telemetry.stream.connected({ endpoint: { source: "a.example", protocol: "v1" } });
  telemetry.watchBacklog(() => ({
    queued: 1,
    queuedBytes: 1,
    oldest: { receivedAt: clock.monotonic(), timeUs: (NOON - 60_000) * 1000 },
  }));
  assert.deepEqual(readinessOf(telemetry.condition).reasons, []);
  clock.pass(1);
  const codes = readinessOf(telemetry.condition).reasons.map(({ code }) => code);
  assert.deepEqual(codes, ["behind"]);
});

Deno.test("an IPv6 client is identified by its /64 network, in any spelling", () => {
  for (const address of ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::6", "2001:db8:1:2:ffff::"]) {
    assert.equal(clientOf(address), clientOf("2001:db8:1:2::1"), address);
  }
  for (const address of ["2001:db8::1", "2001:db8::a:b:c:d"]) {
    assert.equal(clientOf(address), clientOf("2001:db8::2"), address);
  }
  const others = ["2001:db8:1:3::1", "2001:db8::1", "::1", "10.0.0.1", "10.0.0.2"];
  others.push("::ffff:10.0.0.3", "::ffff:10.0.0.4");
  assert.equal(new Set(others.map(clientOf)).size, others.length);
});
