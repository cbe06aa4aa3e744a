/** A committed transaction, as reported to the counters. */

import type { Outcome } from "../../repository/outcome.ts";
import type { Position } from "../../decoder/event.ts";

/** Events of one batch with the same outcome. */
export interface DecidedEvents {
  readonly outcome: Outcome;
  /**
   * Null for an event that has none (identity, account, sync, undecodable). Foreign events that were counted
   * together may have any name that is not one of our NSIDs.
   */
  readonly collection: string | null;
  /** Default: 1. */
  readonly count?: number;
  /** Whether each inserted or updated a record: applied, and not a delete. */
  readonly upsert: boolean;
  /** When they were received, by the monotonic clock. Null: not timed (foreign ones). */
  readonly receivedAt: number | null;
}

export interface CommittedBatch {
  /** Every event once; the counts add up to the number received. */
  readonly events: readonly DecidedEvents[];
  /** The reason of each new dead letter. */
  readonly deadLetterReasons: readonly string[];
  /** How long the transaction took. */
  readonly durationMs: number;
  /** The stored cursor. Null: unchanged. */
  readonly position: Position | null;
}
