/** Gauges: each is read when Prometheus asks, so that it tells of a stall while nothing happens. */

import { Gauge, type Registry } from "prom-client";
import type { Vitals } from "./vitals.ts";

/** Adds a gauge whose value is read at each scrape. */
export function registerGauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect(): void {
      this.set(read());
    },
  });
}

/** Adds the gauges of the facts of the moment. */
export function registerGauges(registry: Registry, vitals: Vitals): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registerGauge(registry, name, help, read);
  gauge(
    "indexer_pending_messages",
    "Messages in the queue.",
    () => vitals.backlog().queued,
  );
  gauge(
    "indexer_queue_bytes",
    "Bytes of the messages in the queue.",
    () => vitals.backlog().queuedBytes,
  );
  gauge(
    "indexer_oldest_waiting_seconds",
    "Seconds since the receipt of the oldest message that is not committed; 0 when none waits.",
    () => vitals.oldestWaitingSeconds,
  );
  gauge(
    "indexer_processing_lag_seconds",
    "Seconds that what is committed is behind the stream; 0 for a quiet stream.",
    () => vitals.lagSeconds,
  );
  gauge(
    "indexer_cursor_age_seconds",
    "Seconds since the time of the committed position; grows in a stall and on a quiet stream.",
    () => vitals.cursorAgeSeconds,
  );
  gauge("indexer_connected", "1 while connected to the stream.", () => +vitals.connected);
  gauge(
    "indexer_reconnection_failures_in_a_row",
    "Attempts to connect that failed since the last connection.",
    () => vitals.failuresInARow,
  );
  gauge("indexer_paused", "1 while reading is paused.", () => +vitals.paused);
  gauge(
    "indexer_paused_seconds",
    "Seconds that the present pause has lasted; 0 when there is none.",
    () => vitals.pausedSeconds,
  );
  gauge(
    "indexer_waiting_records",
    "Records that wait for a record that they name.",
    () => vitals.waitingRecords,
  );
  gauge("indexer_dead_letters", "Open dead letters.", () => vitals.openDeadLetters);
  gauge("indexer_database_up", "1 when the database answered last.", () => +vitals.databaseUp);
}
