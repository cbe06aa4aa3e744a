import assert from "node:assert/strict";
import { REASONS } from "../../../lib/reason.ts";
import { Telemetry } from "../../../lib/server/telemetry/telemetry.ts";
import { HandClock, NOON, SCENE } from "../../support/server_subject.ts";

const ROWS: readonly (readonly [name: string, type: string])[] = [
  ["indexer_messages_processed_total", "counter"],
  ["indexer_messages_error_total", "counter"],
  ["indexer_upserts_total", "counter"],
  ["indexer_trust_recompute_total", "counter"],
  ["indexer_ingest_latency_seconds", "histogram"],
  ["indexer_backpressure_paused_total", "counter"],
  ["indexer_backpressure_resumed_total", "counter"],
  ["indexer_backpressure_pause_duration_seconds", "histogram"],
  ["indexer_pending_messages", "gauge"],
  ["indexer_processing_lag_seconds", "gauge"],
  ["indexer_reconnection_attempts_total", "counter"],
  ["indexer_reconnection_success_total", "counter"],
  ["indexer_database_writes_failed_total", "counter"],
];

const NEW: readonly (readonly [name: string, type: string])[] = [
  ["indexer_events_total", "counter"],
  ["indexer_commit_latency_seconds", "histogram"],
  ["indexer_batch_size", "histogram"],
  ["indexer_cursor_age_seconds", "gauge"],
  ["indexer_connected", "gauge"],
  ["indexer_paused", "gauge"],
  ["indexer_paused_seconds", "gauge"],
  ["indexer_waiting_records", "gauge"],
  ["indexer_dead_letters", "gauge"],
  ["indexer_dead_letters_total", "counter"],
  ["indexer_build_info", "gauge"],
  ["indexer_database_up", "gauge"],
  ["indexer_commit_failures_total", "counter"],
  ["indexer_queue_bytes", "gauge"],
  ["indexer_log_lines_dropped_total", "counter"],
  ["indexer_notices_total", "counter"],
  ["indexer_replaying", "gauge"],
  ["indexer_replay_done", "gauge"],
  ["indexer_replay_total", "gauge"],
  ["indexer_replay_rate", "gauge"],
  ["indexer_replay_left_seconds", "gauge"],
  ["indexer_archive_failures_in_a_row", "gauge"],
  ["process_resident_memory_bytes", "gauge"],
  ["process_start_time_seconds", "gauge"],
];

function telemetry(): { telemetry: Telemetry; clock: HandClock } {
  const clock = new HandClock();
  return { telemetry: new Telemetry({ collections: [SCENE], version: "1.2.3", clock }), clock };
}

Deno.test("MT-01 MT-02 all thirteen metrics of the old system exist, with name, type and help", async () => {
  const text = await telemetry().telemetry.metrics.text();
  assert.equal(ROWS.length, 13);
  for (const [name, type] of ROWS) {
    assert(text.includes(`# TYPE ${name} ${type}\n`), name);
    assert.match(text, new RegExp(`^# HELP ${name} \\S.*\\.$`, "m"));
  }
});

Deno.test("MT-02 two instances in one process share nothing", async () => {
  const first = telemetry().telemetry;
  const second = telemetry().telemetry;
  first.batches.taken(3);
  assert.match(await first.metrics.text(), /^indexer_messages_processed_total 3$/m);
  assert.match(await second.metrics.text(), /^indexer_messages_processed_total 0$/m);
});

Deno.test("every new metric exists, with name, type and help", async () => {
  const text = await telemetry().telemetry.metrics.text();
  for (const [name, type] of NEW) {
    assert(text.includes(`# TYPE ${name} ${type}\n`), name);
    assert.match(text, new RegExp(`^# HELP ${name} \\S.*\\.$`, "m"));
  }
  assert.match(text, /^indexer_build_info\{version="1\.2\.3",deno="\d+\.\d+\.\d+"\} 1$/m);
});

Deno.test("F-02 every series exists from the start, so that a rate sees its first event", async () => {
  const text = await telemetry().telemetry.metrics.text();
  for (const collection of [SCENE, "unmapped", "foreign", "none"]) {
    for (const outcome of ["applied", "duplicate", "stale", "waiting", "dead_letter", "ignored"]) {
      assert(
        text.includes(`indexer_events_total{collection="${collection}",outcome="${outcome}"} 0\n`),
      );
    }
  }
  for (const reason of REASONS) {
    assert(text.includes(`indexer_dead_letters_total{reason="${reason}"} 0\n`));
  }
});

Deno.test("no name from the wire becomes a label, however many there are", async () => {
  const { telemetry: told } = telemetry();
  const series = async (): Promise<number> => (await told.metrics.text()).split("\n").length;
  const before = await series();
  for (let i = 0; i < 500; i++) {
    for (const outcome of ["applied", "ignored", "dead_letter"] as const) {
      told.batches.committed({
        events: [{ collection: `evil.x${i}.y"} 1`, outcome, upsert: false, receivedAt: null }],
        deadLetterReasons: [`made_up_${i}`],
        durationMs: 1,
        position: null,
      });
      told.batches.failed(`Z${i}`);
      told.noticed(`made_up_${i}`);
    }
  }
  // Only "other", once each, for the reasons and the notices that don't exist.
  assert.equal(await series(), before + 2);
  const text = await told.metrics.text();
  assert.doesNotMatch(text, /evil|made_up/);
  assert.match(text, /collection="unmapped",outcome="applied"\} 500/);
  assert.match(text, /collection="foreign",outcome="ignored"\} 500/);
});

Deno.test("the process reports its memory, start and processor time", async () => {
  const text = await telemetry().telemetry.metrics.text();
  const value = (name: string): number => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  assert(value("process_resident_memory_bytes") > 10_000_000);
  assert(value("process_heap_bytes") > 1_000_000);
  assert(value("process_cpu_seconds_total") > 0);
  assert.equal(value("process_start_time_seconds"), NOON / 1000);
});
