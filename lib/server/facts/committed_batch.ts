/** A transaction that took place, as those who count are told of it. */

import type { Outcome } from "../../repository/outcome.ts";
import type { StreamPosition } from "./facts.ts";

/** Events of one batch that ended alike. */
export interface DecidedEvents {
  readonly outcome: Outcome;
  /**
   * Null for an event that has none (identity, account, sync, undecodable). Foreign ones that were
   * counted together may go by any name that is no NSID of ours.
   */
  readonly collection: string | null;
  /** Default: 1. */
  readonly count?: number;
  /** Each inserted or updated a record: applied, and not a delete. */
  readonly upsert: boolean;
  /** When they were received, by the monotonic clock. Null: not timed (foreign ones). */
  readonly receivedAt: number | null;
}

export interface CommittedBatch {
  /** Every event once; the counts add up to what was received. */
  readonly events: readonly DecidedEvents[];
  /** The reason of each dead letter that it wrote. */
  readonly deadLetterReasons: readonly string[];
  /** How long the transaction took. */
  readonly durationMs: number;
  /** The cursor that it stored. Null: unchanged. */
  readonly position: StreamPosition | null;
}
