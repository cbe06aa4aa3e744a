/** Splits a batch when a rejection can't be traced to one of its rows. */

import type { Event, Refusal } from "../../decoder/event.ts";
import { type Batch, type BatchResult, refusalKey } from "../fold/batch.ts";
import { uriOf } from "../fold/entry.ts";

/** Two batches in place of one. The second moves the cursor. */
export function halvesOf(batch: Batch): readonly [Batch, Batch] {
  const { events, deadLetters } = batch;
  const half = Math.ceil(events.length / 2);
  const first = {
    ...batch,
    id: crypto.randomUUID(),
    events: events.slice(0, half),
    deadLetters: deadLetters.slice(0, half),
    cursor: null,
  };
  const second = {
    ...batch,
    id: crypto.randomUUID(),
    events: events.slice(half),
    deadLetters: deadLetters.slice(half),
  };
  return [first, second];
}

/** The combined result of the two halves. */
export function bothResults(first: BatchResult, second: BatchResult): BatchResult {
  return {
    outcomes: [...first.outcomes, ...second.outcomes],
    reasons: [...first.reasons, ...second.reasons],
    rowsWritten: first.rowsWritten + second.rowsWritten,
  };
}

/** A batch of one event that Postgres rejects in any form: the event is kept as an undecodable message. */
export function asUnusable(batch: Batch, event: Event, refusal: Refusal): Batch {
  const unusable: Event = {
    kind: "malformed",
    refusal,
    excerpt: event.kind === "commit" ? uriOf(event) : "",
    fingerprint: event.kind === "commit" ? refusalKey(event) : crypto.randomUUID(),
    position: "position" in event ? event.position : null,
  };
  return { ...batch, events: [unusable] };
}

/** Whether a batch was made by `asUnusable`, so that splitting it again is useless. */
export function isUnusable({ events }: Batch): boolean {
  const [event] = events;
  return events.length === 1 && event?.kind === "malformed" &&
    event.refusal.reason === "database_refused";
}
