/** One record in the working set of a batch: its ledger row, and the changes that the batch makes. */

import type { JsonObject } from "../../decoder/json.ts";
import type { Reason } from "../../reason.ts";
import type { RecordKey } from "../../mapper/collection.ts";
import type { Body, Content } from "../../mapper/content.ts";
import { recordId } from "../../mapper/record_id.ts";
import type { State } from "./state.ts";

/** The part of a verdict that the ledger stores. */
export interface Stored {
  readonly state: State;
  readonly reason: string | null;
  readonly waitingFor: string | null;
  readonly loose: readonly string[] | null;
}

/** A revision that an event of this batch brought and that was rejected. */
export interface RejectedRevision {
  readonly rev: string;
  readonly reason: Reason;
  readonly detail: string;
}

export interface Entry {
  readonly key: RecordKey;
  /**
   * Whether the record is of another partition. Its state is then the ledger's, and this transaction does not
   * write it.
   */
  readonly foreign: boolean;
  /** For a request of another partition: the id that its row refers to; null when it refers to nothing. */
  asksFor: string | null;
  /** Id of its product row; null until `idOf` computes it. */
  id: string | null;
  /** The newest revision; null when the ledger has never had the record. */
  rev: string | null;
  cid: string | null;
  /** Event time of the newest revision, Unix microseconds. */
  timeUs: number;
  /** The earliest creation time that any revision gave, RFC 3339; null before the first. */
  createdAt: string | null;
  /** Null while `stored` is enough. When set, all that it refers to is in the working set too. */
  content: Content | null;
  /** The fields of its newest revision; null except while they are about to be written. */
  body: Body | null;
  /**
   * The record without the places that the ledger's still has; null without any, and except while it is mapped
   * again.
   */
  coarsened: JsonObject | null;
  /** Size of the stored record, uncompressed; null when not loaded. */
  bytes: number | null;
  /** The ledger's verdict; null when the ledger has no row yet. */
  stored: Stored | null;
  /** The records that its product row refers to, if this batch wrote the row; otherwise null. */
  writtenParents: readonly { readonly entry: Entry }[] | null;
  /** Whether this batch brought its newest revision. */
  accepted: boolean;
  /** Whether this batch brought an older revision with an earlier creation time. */
  lowered: boolean;
  /** Revisions that this batch brought and that are rejected. */
  rejected: readonly RejectedRevision[];
}

/** The id of a record's product row. Cached, because many children ask for the id of one parent. */
export function idOf(entry: Entry): string {
  return entry.id ??= recordId(entry.key);
}

/** The AT-URI of a record. An rkey holds no slash, so it is unique for the key. */
export function uriOf(key: RecordKey): string {
  return `at://${key.did}/${key.collection}/${key.rkey}`;
}

/**
 * The name that a bare reference uses. With a DID in place of the rkey: the request that a decision answers.
 */
export function nameOf(collection: string, rkey: string): string {
  return `${collection}/${rkey}`;
}

export const NONE_REJECTED: readonly RejectedRevision[] = [];

/** An entry for a record that nothing is known about yet. */
export function unknownEntry(key: RecordKey, foreign: boolean): Entry {
  return {
    key: { did: key.did, collection: key.collection, rkey: key.rkey },
    foreign,
    asksFor: null,
    bytes: null,
    id: null,
    rev: null,
    cid: null,
    timeUs: 0,
    createdAt: null,
    content: null,
    body: null,
    coarsened: null,
    stored: null,
    writtenParents: null,
    accepted: false,
    lowered: false,
    rejected: NONE_REJECTED,
  };
}
