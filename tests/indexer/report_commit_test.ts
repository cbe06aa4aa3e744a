/** The counters of a batch, and which records the status page shows as the newest. */

import assert from "node:assert/strict";
import type { Commit, Event } from "../../lib/decoder/event.ts";
import type { Arrival } from "../../lib/indexer/intake.ts";
import type { Committed } from "../../lib/indexer/pipeline.ts";
import { RecentRecords } from "../../lib/indexer/recent_records.ts";
import { reportCommit } from "../../lib/indexer/report_commit.ts";
import type { Outcome } from "../../lib/repository/outcome.ts";
import { Telemetry } from "../../lib/server/telemetry/telemetry.ts";

const MEMBERSHIP = "app.subcult.membership";
const SCENE = "app.subcult.scene";
const POSITION = { cursor: 1, timeUs: 1 };

function commit(collection: string, rkey: string, changes: Partial<Commit> = {}): Commit {
  return {
    kind: "commit",
    did: "did:plc:alice",
    collection,
    rkey,
    rev: "3m",
    operation: "create",
    cid: null,
    record: {},
    refusal: null,
    remains: null,
    size: 0,
    position: POSITION,
    ...changes,
  };
}

const FOREIGN: Event = { kind: "foreign", what: "commit", collection: null, position: POSITION };

function committed(...all: readonly (readonly [Event, Outcome, number?])[]): Committed {
  const arrivals = all.map(([event, , count = 1]): Arrival => ({
    event,
    source: "a",
    receivedAt: 0,
    count,
    resume: null,
  }));
  const outcomes = all.map(([, outcome]) => outcome);
  return {
    arrivals,
    result: { outcomes, reasons: [], rowsWritten: 0 },
    cursor: null,
    durationMs: 1,
  };
}

/** The series whose names begin so, as Prometheus reads them. */
async function series(name: string, ...batches: readonly Committed[]): Promise<string[]> {
  const telemetry = new Telemetry({ collections: [SCENE, MEMBERSHIP], version: "test" });
  for (const batch of batches) reportCommit(telemetry, batch);
  const text = await telemetry.metrics.text();
  return text.split("\n").filter((line) => line.startsWith(name));
}

Deno.test("upserts are applied records except deletes", async () => {
  const batch = committed(
    [commit(SCENE, "a"), "applied"],
    [commit(SCENE, "b", { operation: "delete", record: null }), "applied"],
    [commit(SCENE, "c"), "duplicate"],
    [commit(SCENE, "d"), "waiting"],
  );
  assert.deepEqual(await series("indexer_upserts_total", batch), ["indexer_upserts_total 1"]);
});

Deno.test("every event is timed except foreign ones, which are counted together", async () => {
  const batch = committed([commit(SCENE, "a"), "applied"], [FOREIGN, "ignored", 500]);
  assert.deepEqual(await series("indexer_commit_latency_seconds_count", batch), [
    "indexer_commit_latency_seconds_count 1",
  ]);
  assert.deepEqual(await series('indexer_events_total{collection="foreign",outcome="ig', batch), [
    'indexer_events_total{collection="foreign",outcome="ignored"} 500',
  ]);
});

Deno.test("trust is recomputed once for a batch that changed an alliance or a membership", async () => {
  const changes = committed(
    [commit(MEMBERSHIP, "a"), "applied"],
    [commit(MEMBERSHIP, "b"), "applied"],
  );
  const others = committed([commit(MEMBERSHIP, "a"), "duplicate"], [commit(SCENE, "a"), "applied"]);
  assert.deepEqual(await series("indexer_trust_recompute_total", others, changes, others), [
    "indexer_trust_recompute_total 1",
  ]);
});

Deno.test("the newest records are those that were written, each once, fifty at most", () => {
  const recent = new RecentRecords();
  const names = (): string[] => recent.newest.map(({ rkey }) => rkey);
  recent.add(committed(
    [commit(SCENE, "a"), "applied"],
    [commit(SCENE, "b"), "stale"],
    [commit(SCENE, "c"), "dead_letter"],
    [commit(SCENE, "d"), "duplicate"],
    [commit(SCENE, "e"), "waiting"],
    [commit(SCENE, "a"), "applied"],
    [FOREIGN, "ignored"],
  ));
  assert.deepEqual(names(), ["a", "e", "c"]);
  recent.add(committed([commit(SCENE, "c"), "applied"]));
  assert.deepEqual(names(), ["c", "a", "e"]);
  for (let number = 0; number < 60; number++) {
    recent.add(committed([commit(SCENE, `n${number}`), "applied"]));
  }
  assert.deepEqual(names(), Array.from({ length: 50 }, (_, index) => `n${59 - index}`));
});
