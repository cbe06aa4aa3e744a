/** Counters: a table of name, help, how to read the value, and labels. */

import process from "node:process";
import { OUTCOMES } from "../../repository/outcome.ts";
import { byLabel, type Metric } from "./metric.ts";

export const COUNTERS: readonly Metric[] = [
  [
    "indexer_messages_processed_total",
    "Messages taken from the queue, with any outcome, including undecodable ones.",
    ({ counts }) => counts.messagesTaken,
  ],
  [
    "indexer_messages_error_total",
    "Undecodable messages, and messages whose record was rejected (outcome dead_letter).",
    ({ counts }) => counts.errors,
  ],
  [
    "indexer_upserts_total",
    "Committed inserts and updates of records; neither deletes nor events that changed nothing.",
    ({ counts }) => counts.upserts,
  ],
  [
    "indexer_trust_recompute_total",
    "Commits that changed alliances or memberships, after which trust must be computed again.",
    ({ counts }) => counts.trustRecomputations,
  ],
  [
    "indexer_backpressure_paused_total",
    "Times that reading was paused because the queue was full.",
    ({ counts }) => counts.pauses,
  ],
  [
    "indexer_backpressure_resumed_total",
    "Times that reading was resumed after a pause.",
    ({ counts }) => counts.resumes,
  ],
  [
    "indexer_reconnection_attempts_total",
    "Failed connection attempts, including the first one and connections that ended at once.",
    ({ counts }) => counts.failedAttempts,
  ],
  [
    "indexer_reconnection_success_total",
    "Connections made after a failed attempt or a lost connection.",
    ({ counts }) => counts.reconnections,
  ],
  [
    "indexer_database_writes_failed_total",
    "Records rejected by the mapper or the database, and failed transactions.",
    ({ counts }) => counts.failedWrites,
  ],
  [
    "indexer_events_total",
    "Committed events by collection and outcome. Collection is an NSID that has a mapper, " +
    "unmapped (kept without one), foreign (not wanted) or none (not about a record).",
    ({ counts }) =>
      [...counts.events].flatMap(([collection, outcomes]) =>
        OUTCOMES.map((outcome) => [[collection, outcome], outcomes[outcome]] as const)
      ),
    "collection",
    "outcome",
  ],
  [
    "indexer_dead_letters_total",
    "Dead letters written, by reason.",
    ({ counts }) => byLabel(counts.deadLetters),
    "reason",
  ],
  [
    "indexer_commit_failures_total",
    "Failed transactions by the class of Postgres' code; unanswered when there was no answer.",
    ({ counts }) => byLabel(counts.commitFailures),
    "sqlstate_class",
  ],
  [
    "indexer_received_bytes_total",
    "Bytes of messages received from the stream, after decompression.",
    ({ counts }) => counts.receivedBytes,
  ],
  [
    "indexer_notices_total",
    "Notices about the stream and the archive, by code.",
    ({ counts }) => byLabel(counts.notices),
    "code",
  ],
  [
    "indexer_reconciles_total",
    "Repositories compared with their source, by result: same, differed, deletion_confirmed, deletion_refuted, deletion_unanswered, or the failure.",
    ({ counts }) => byLabel(counts.reconciles),
    "result",
  ],
  [
    "indexer_reconcile_differences_total",
    "Records that the index lacked or had differently (put), and that the source no longer had (deleted).",
    ({ counts }) => byLabel(counts.differences),
    "change",
  ],
  [
    "indexer_log_lines_dropped_total",
    "Log lines dropped because their reader was too slow.",
    ({ logLinesDropped }) => logLinesDropped(),
  ],
  ["process_cpu_seconds_total", "Seconds of processor time, user and system.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }],
];
