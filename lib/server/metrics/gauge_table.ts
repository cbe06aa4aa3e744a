/** Gauges: a table of name, help, how to read the value, and labels. */

import {
  cursorAgeSeconds,
  isConnected,
  isPaused,
  isReplaying,
  lagSeconds,
  oldestWaitingSeconds,
  pausedSeconds,
  uptimeSeconds,
} from "../facts/derived.ts";
import type { Metric } from "./metric.ts";

export const GAUGES: readonly Metric[] = [
  ["indexer_pending_messages", "Messages in the queue.", ({ backlog }) => backlog().queued],
  [
    "indexer_queue_bytes",
    "Bytes of the messages in the queue.",
    ({ backlog }) => backlog().queuedBytes,
  ],
  [
    "indexer_oldest_waiting_seconds",
    "Seconds since the receipt of the oldest uncommitted message; 0 when there is none.",
    oldestWaitingSeconds,
  ],
  [
    "indexer_processing_lag_seconds",
    "Age of the oldest uncommitted event in seconds; 0 for a quiet stream.",
    lagSeconds,
  ],
  [
    "indexer_cursor_age_seconds",
    "Seconds since the time of the committed position; grows in a stall, and on a quiet stream up to an hour.",
    cursorAgeSeconds,
  ],
  [
    "indexer_clock_ahead_seconds",
    "How far all events are ahead of this machine's clock at least, in seconds; 0 when they aren't.",
    ({ reading }) => (reading.clockAheadMs ?? 0) / 1000,
  ],
  ["indexer_connected", "1 while connected to the stream.", (facts) => +isConnected(facts)],
  [
    "indexer_reconnection_failures_in_a_row",
    "Failed connection attempts since the last connection.",
    ({ connection }) => connection.failuresInARow,
  ],
  ["indexer_paused", "1 while reading is paused.", (facts) => +isPaused(facts)],
  [
    "indexer_paused_seconds",
    "Duration of the current pause in seconds; 0 when there is none.",
    pausedSeconds,
  ],
  [
    "indexer_waiting_records",
    "Records that wait for a record that they refer to.",
    ({ database }) => database.counts.waitingRecords,
  ],
  [
    "indexer_mailbox_notes",
    "Unread notes between partitions.",
    ({ database }) => database.counts.notes,
  ],
  [
    "indexer_mailbox_age_seconds",
    "Age of the oldest unread note between partitions, in seconds.",
    ({ database }) => database.counts.notesSeconds,
  ],
  ["indexer_dead_letters", "Open dead letters.", ({ database }) => database.counts.openDeadLetters],
  [
    "indexer_database_up",
    "1 when the database answered the last query.",
    ({ database }) => +database.answers,
  ],
  [
    "indexer_database_blocked",
    "1 while the database answers but another session holds a lock that the indexer waits for.",
    ({ database }) => +(database.blocked !== null),
  ],
  [
    "indexer_database_refusing",
    "1 while the database answers but rejects writes, until the next commit.",
    ({ database }) => +(database.refusal !== null),
  ],
  ["indexer_replaying", "1 while the archive is replayed.", (facts) => +isReplaying(facts)],
  [
    "indexer_replay_done",
    "Sequence numbers processed since the start of the replay.",
    ({ archive }) => archive.progress?.done ?? 0,
  ],
  [
    "indexer_replay_total",
    "Sequence numbers from the start of the replay to the end of the archive.",
    ({ archive }) => archive.progress?.total ?? 0,
  ],
  [
    "indexer_replay_rate",
    "Sequence numbers per second, over the last minute of the replay.",
    ({ archive }) => archive.progress?.perSecond ?? 0,
  ],
  [
    "indexer_replay_left_seconds",
    "Estimated seconds until the end of the replay; 0 while there is no rate.",
    ({ archive }) => (archive.progress?.leftMs ?? 0) / 1000,
  ],
  [
    "indexer_reconciles_queued",
    "Repositories queued for comparison with their source.",
    ({ reconcile }) => reconcile.queued,
  ],
  [
    "indexer_reconciles_failing",
    "Queued repositories whose last attempt failed.",
    ({ reconcile }) => reconcile.failing,
  ],
  [
    "indexer_reconciles_oldest_seconds",
    "Seconds that the oldest due repository has waited.",
    ({ reconcile }) => reconcile.oldestSeconds,
  ],
  [
    "indexer_archive_failures_in_a_row",
    "Failed requests to the archive since the last successful one.",
    ({ archive }) => archive.failuresInARow,
  ],
  [
    "process_start_time_seconds",
    "When the process started, seconds since 1970.",
    ({ startedAt }) => startedAt.ms / 1000,
  ],
  ["indexer_uptime_seconds", "Seconds since the process started.", uptimeSeconds],
  [
    "indexer_leader",
    "1 on the instance that writes the partition, 0 on a standby.",
    ({ consumer, partitions: { of, held } }) =>
      Array.from(
        { length: of },
        (_, partition) => [[consumer, `${partition}`], +held.includes(partition)] as const,
      ),
    "consumer",
    "partition",
  ],
  // Not prom-client's own: they read /proc, which the executable may not, and then report no memory at all.
  [
    "process_resident_memory_bytes",
    "Bytes of memory used by the process.",
    () => Deno.memoryUsage().rss,
  ],
  [
    "process_heap_bytes",
    "Used bytes of the JavaScript heap.",
    () => Deno.memoryUsage().heapUsed,
  ],
  [
    "indexer_build_info",
    "Always 1; the labels tell the running version.",
    ({ version }) => [[[version, Deno.version.deno], 1]],
    "version",
    "deno",
  ],
];
