/** Reports the result of a batch to the counters. */

import type { Committed } from "./pipeline.ts";
import type { DecidedEvents } from "../server/facts/committed_batch.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";

/** Collections whose changes require trust to be computed again. */
const TRUST = new Set(["app.subcult.alliance", "app.subcult.membership"]);

export function reportCommit(telemetry: Telemetry, committed: Committed): void {
  const { arrivals, result, cursor, durationMs } = committed;
  let trust = 0;
  const events = arrivals.map(({ event, count, receivedAt }, index): DecidedEvents => {
    const outcome = result.outcomes[index] ?? "ignored";
    const collection = event.kind === "foreign"
      ? "foreign"
      : event.kind === "commit"
      ? event.collection
      : null;
    const changed = event.kind === "commit" && outcome === "applied";
    if (changed && TRUST.has(event.collection)) trust++;
    return {
      outcome,
      collection,
      count,
      upsert: changed && event.operation !== "delete",
      receivedAt: event.kind === "foreign" ? null : receivedAt,
    };
  });
  telemetry.batches.taken(events.reduce((sum, { count = 1 }) => sum + count, 0));
  telemetry.batches.committed({
    events,
    deadLetterReasons: result.reasons,
    durationMs,
    position: cursor,
  });
  if (trust > 0) telemetry.batches.trustChanged();
}
