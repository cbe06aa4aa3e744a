/** Counters: a table of name, help, how to read the value, and labels. */

import process from "node:process";
import { OUTCOMES } from "../../repository/outcome.ts";
import { byLabel, type Metric } from "./metric.ts";

export const COUNTERS: readonly Metric[] = [
  [
    "indexer_messages_processed_total",
    "Messages taken from the queue, whatever became of them, undecodable ones included.",
    ({ counts }) => counts.messagesTaken,
  ],
  [
    "indexer_messages_error_total",
    "Messages that could not be decoded, or whose record was refused (outcome dead_letter).",
    ({ counts }) => counts.errors,
  ],
  [
    "indexer_upserts_total",
    "Committed inserts and updates of records; neither deletes nor events that changed nothing.",
    ({ counts }) => counts.upserts,
  ],
  [
    "indexer_trust_recompute_total",
    "Commits that changed alliances or memberships: after each, trust has to be computed anew.",
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
    "Attempts to connect that failed, the very first one and dropped-at-once ones included.",
    ({ counts }) => counts.failedAttempts,
  ],
  [
    "indexer_reconnection_success_total",
    "Connections made after a failed attempt or a lost connection.",
    ({ counts }) => counts.reconnections,
  ],
  [
    "indexer_database_writes_failed_total",
    "Records that were refused by their mapper or by the database, and failed transactions.",
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
    "Things about the stream and the archive that an operator should know of, by code.",
    ({ counts }) => byLabel(counts.notices),
    "code",
  ],
  [
    "indexer_reconciles_total",
    "Repositories compared with their source, by what came of it: same, differed, deletion_confirmed, deletion_refuted, or why it failed.",
    ({ counts }) => byLabel(counts.reconciles),
    "result",
  ],
  [
    "indexer_reconcile_differences_total",
    "Records that the index lacked or had otherwise (put), and that their source no longer had (deleted).",
    ({ counts }) => byLabel(counts.differences),
    "change",
  ],
  [
    "indexer_log_lines_dropped_total",
    "Lines of the log that were dropped because nobody read them.",
    ({ logLinesDropped }) => logLinesDropped(),
  ],
  ["process_cpu_seconds_total", "Seconds of processor time, user and system.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }],
];
