/** What the process knows about its database, and about repositories that are compared with their source. */

import type { ReconcileCounts } from "../../repository/reconcile/reconcile_queue.ts";
import type { OpenCounts } from "../../repository/status/table_counts.ts";
import type { LockWait } from "../../repository/status/lock_wait.ts";

export interface DatabaseFacts {
  /** Whether the last query was answered. */
  answers: boolean;
  /** By the monotonic clock. */
  answeredAt: number;
  /** Why there was no answer, and since when; null while it answers. */
  failure: DatabaseFailure | null;
  /** It answers, but rejects writes. Until the next commit or lease. */
  refusal: DatabaseFailure | null;
  /** It answers, but a lock blocks us. */
  blocked: Blocked | null;
  counts: OpenCounts;
}

export interface DatabaseFailure {
  /** Postgres' SQLSTATE, or the code of a socket; null when unknown. */
  readonly code: string | null;
  readonly sinceMs: number;
}

export interface Blocked extends Pick<LockWait, "what" | "holders"> {
  readonly sinceMs: number;
}

/** The queue, and the results since the start. */
export interface ReconcileFacts extends ReconcileCounts {
  readonly compared: number;
  /** Records that the index lacked or had differently: the lost ones. */
  readonly put: number;
  /** Records that the source no longer had. */
  readonly deleted: number;
}

export function databaseAtStart(): DatabaseFacts {
  return {
    answers: false,
    answeredAt: -Infinity,
    failure: null,
    refusal: null,
    blocked: null,
    counts: { waitingRecords: 0, openDeadLetters: 0, notes: 0, notesSeconds: 0 },
  };
}

export const NOTHING_QUEUED: ReconcileCounts = { queued: 0, failing: 0, oldestSeconds: 0 };

export const NOTHING_RECONCILED: ReconcileFacts = {
  ...NOTHING_QUEUED,
  compared: 0,
  put: 0,
  deleted: 0,
};
