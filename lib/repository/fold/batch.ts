/** A batch: events in stream order, and what is known about them before the transaction. */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Commit, Event } from "../../decoder/event.ts";
import type { JsonObject } from "../../decoder/json.ts";
import type { Mapper, Revision } from "../../mapper/content.ts";
import type { Refusal } from "../../decoder/event.ts";
import { idempotencyKey } from "../../mapper/idempotency_key.ts";
import type { Difference } from "./record_difference.ts";
import type { Lease } from "../partitions/lease.ts";
import type { Outcome } from "../outcome.ts";
import type { Share } from "../partitions/partition.ts";

/** The position that a batch moves the cursor to, and the instance that issued it. */
export interface CursorUpdate {
  readonly cursor: number;
  /** Unix microseconds. */
  readonly timeUs: number;
  readonly source: string;
  /** The mark of the event at that position; absent when unknown. */
  readonly mark?: string;
}

export interface Batch {
  /** Random id: tells whether a commit took place although its answer was lost. */
  readonly id: string;
  readonly events: readonly Event[];
  /** Null when no event of the batch has a position. */
  readonly cursor: CursorUpdate | null;
  /** Ids of the dead letters that the events retry, in order; empty for events of the stream. */
  readonly deadLetters: readonly number[];
  /** Whether the events were read from the repositories instead of the stream. */
  readonly fromSource: boolean;
  /** Ledger records to map again; such a batch has no events. */
  readonly remap?: readonly RecordKey[];
  /**
   * The lease under which the batch is written. Null when it moves no cursor: a retry of dead letters, or
   * events from a source.
   */
  readonly lease: Lease | null;
  /** The partition of all events. When absent, the events can be of any partition and no lease is needed. */
  readonly share?: Share;
  /** How many notes of the partition's mailbox to read; absent for none. */
  readonly mail?: number;
}

/** The outcomes of a batch's events, in order. */
export interface BatchResult {
  readonly outcomes: readonly Outcome[];
  /** The reason of each dead letter. */
  readonly reasons: readonly string[];
  /** For records that were mapped again: those with a difference. */
  readonly remapped?: readonly Difference[];
  /** Number of rows written. */
  readonly rowsWritten: number;
  /** Whether the partition's mailbox had notes at the start. */
  readonly hasMail?: boolean;
  /** How many notes were read. */
  readonly mailTaken?: number;
}

/** How to treat a record whose row Postgres rejected. */
export interface RefusedRecord {
  readonly refusal: Refusal;
  /** Whether the record itself may be kept for a retry. */
  readonly keepRecord: boolean;
}

/** Records whose rows Postgres rejected, by idempotency key. */
export type Refusals = Map<string, RefusedRecord>;

/** The key of a commit in `Refusals`. */
export function refusalKey(commit: Commit): string {
  return idempotencyKey(commit, commit.rev);
}

/** The revision that a commit brings. If Postgres rejected its row, the revision is rejected. */
export function revisionOf(commit: Commit, mapper: Mapper, refusals: Refusals): Revision {
  const refused = refusals.size > 0 ? refusals.get(refusalKey(commit)) : undefined;
  return refused === undefined ? mapper.commit(commit) : refusedRevision(refused, commit.record);
}

/** The revision of a record whose row Postgres rejected. */
export function refusedRevision(
  { refusal, keepRecord }: RefusedRecord,
  record: JsonObject | null,
): Revision {
  const content = { kind: "rejected", refusal, byDecoder: false } as const;
  return { content, body: { record: keepRecord ? record : null, row: null } };
}
