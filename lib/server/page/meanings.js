/** The meaning of each figure at the top, and the names of its Prometheus metrics. */

import { byId, html } from "./dom.js";

const MEANINGS = [
  [
    "connection",
    "Connection",
    "Whether the live stream is read. In a pause the connection may be closed on purpose; in a " +
    "replay the archive is read first.",
    ["indexer_connected", "indexer_reconnection_failures_in_a_row", "indexer_replaying"],
  ],
  [
    "lag",
    "Lag",
    "Age of the oldest uncommitted event. 0 on a quiet stream, however old its last " +
    "event is.",
    ["indexer_processing_lag_seconds", "indexer_commit_latency_seconds"],
  ],
  [
    "events",
    "Events",
    "Committed events per second over the last ten seconds, with any outcome.",
    ["indexer_events_total", "indexer_messages_processed_total", "indexer_upserts_total"],
  ],
  [
    "queue",
    "Queue",
    "Messages that were received and wait for their transaction. A full queue pauses reading.",
    [
      "indexer_pending_messages",
      "indexer_queue_bytes",
      "indexer_oldest_waiting_seconds",
      "indexer_paused_seconds",
    ],
  ],
  [
    "database",
    "Database",
    "Down: it does not answer. Blocked: it answers, but another session holds a lock. Refusing: it " +
    "answers but rejects writes. Slow: it answers this page late.",
    [
      "indexer_database_up",
      "indexer_database_blocked",
      "indexer_database_refusing",
      "indexer_commit_failures_total",
    ],
  ],
  [
    "cursor",
    "Cursor",
    "Age of the newest committed event. On a quiet stream it grows too, which is normal.",
    ["indexer_cursor_age_seconds"],
  ],
  [
    "waiting",
    "Waiting",
    "Records whose parent is missing. They become visible when it arrives.",
    ["indexer_waiting_records"],
  ],
  [
    "dead-letters",
    "Dead letters",
    "Rejected events, kept until they are retried or discarded.",
    ["indexer_dead_letters", "indexer_dead_letters_total", "indexer_messages_error_total"],
  ],
];

export function showMeanings() {
  byId("meanings").replaceChildren(...MEANINGS.map(([id, name, meaning, metrics]) => {
    const names = metrics.flatMap((metric) => [" ", html("code", {}, metric)]);
    return html(
      "div",
      { id: `meaning-${id}`, tabindex: -1 },
      html("dt", {}, name),
      html("dd", {}, meaning, ...names),
    );
  }));
}
