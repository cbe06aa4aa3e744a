/** A batch: events in the order of the stream, and what is known of them before the transaction. */

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

/** The position that a batch moves the cursor to, and the instance that it belongs to. */
export interface CursorUpdate {
  readonly cursor: number;
  /** Unix microseconds. */
  readonly timeUs: number;
  readonly source: string;
  /** What that instance sent there; absent when that is not known. */
  readonly mark?: string;
}

export interface Batch {
  /** Random: tells whether a commit whose answer was lost took place. */
  readonly id: string;
  readonly events: readonly Event[];
  /** Null when nothing in it has a position. */
  readonly cursor: CursorUpdate | null;
  /** Ids of the dead letters that its events try again, in their order; empty for the stream's own. */
  readonly letters: readonly number[];
  /** Its events were not brought by the stream, but read where the repositories are. */
  readonly fromSource: boolean;
  /** Records of the ledger that are mapped again; such a batch has no events. */
  readonly remap?: readonly RecordKey[];
  /** What it is written under. Null for one that moves no cursor: a retry of dead letters, or from a source. */
  readonly lease: Lease | null;
  /** The partition that all of it is in. Absent: it can be of any, and is written without a lease. */
  readonly share?: Share;
  /** How many notes of the partition's mailbox it takes; absent for one that takes none. */
  readonly mail?: number;
}

/** What became of the events of a batch, in their order. */
export interface BatchResult {
  readonly outcomes: readonly Outcome[];
  /** Why events went to the dead letters, each once. */
  readonly reasons: readonly string[];
  /** Of records that are mapped again, those that stood otherwise. */
  readonly remapped?: readonly Difference[];
  /** Rows that its statements wrote. */
  readonly rowsWritten: number;
  /** Whether the partition's mailbox had notes when it began. */
  readonly hasMail?: boolean;
  /** How many notes it took. */
  readonly mailTaken?: number;
}

/** What to make of a record whose row Postgres refused. */
export interface RefusedRecord {
  readonly refusal: Refusal;
  /** Whether the record itself may be kept, so that it can be tried again. */
  readonly keepRecord: boolean;
}

/** Records whose rows Postgres refused, by idempotency key. */
export type Refusals = Map<string, RefusedRecord>;

/** The key under which a commit's refusal is kept. */
export function refusalKey(commit: Commit): string {
  return idempotencyKey(commit, commit.rev);
}

/** What a commit brings; a row that Postgres refused makes it a rejected revision. */
export function revisionOf(commit: Commit, mapper: Mapper, refusals: Refusals): Revision {
  const refused = refusals.size > 0 ? refusals.get(refusalKey(commit)) : undefined;
  return refused === undefined ? mapper.commit(commit) : refusedRevision(refused, commit.record);
}

/** A record's revision after its row was refused. */
export function refusedRevision(
  { refusal, keepRecord }: RefusedRecord,
  record: JsonObject | null,
): Revision {
  const content = { kind: "rejected", refusal, byDecoder: false } as const;
  return { content, body: { record: keepRecord ? record : null, row: null } };
}
