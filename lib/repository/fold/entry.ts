/** One record in the working set of a batch: what the ledger had, and what the batch makes of it. */

import type { Reason } from "../../reason.ts";
import type { RecordKey } from "../../mapper/collection.ts";
import type { Body, Content } from "../../mapper/content.ts";
import { recordId } from "../../mapper/record_id.ts";
import type { State } from "./state.ts";

/** The part of a verdict that the ledger keeps. */
export interface Stored {
  readonly state: State;
  readonly reason: string | null;
  readonly waitingFor: string | null;
  readonly loose: readonly string[] | null;
}

/** A revision that some event of this batch brought and that was rejected. */
export interface RejectedRevision {
  readonly rev: string;
  readonly reason: Reason;
  readonly detail: string;
}

export interface Entry {
  readonly key: RecordKey;
  /** Of another partition: its state is what the ledger says, and this transaction writes nothing about it. */
  readonly foreign: boolean;
  /** Of a foreign request: the id of what it asks for, as its row says; null when it asks for nothing. */
  asksFor: string | null;
  /** Of its product row; null until somebody asks. */
  id: string | null;
  /** The newest revision; null when the ledger has never had the record. */
  rev: string | null;
  cid: string | null;
  /** Event time of the newest revision, Unix microseconds. */
  timeUs: number;
  /** The least creation time that any revision gave, RFC 3339; null before the first. */
  createdAt: string | null;
  /** Null as long as `stored` says enough; else all that it refers to is in the working set too. */
  content: Content | null;
  /** What its newest revision holds; null except while that is about to be written. */
  body: Body | null;
  /** How much the stored record takes, unpacked; null when that was not loaded. */
  bytes: number | null;
  /** As in the ledger; null when it is not there yet. */
  stored: Stored | null;
  /** Whom its row refers to, as this batch has written it; null when it has not. */
  writtenParents: readonly { readonly entry: Entry }[] | null;
  /** Whether this batch brought its newest revision. */
  accepted: boolean;
  /** Whether this batch brought an older revision that was created earlier. */
  lowered: boolean;
  /** Revisions that this batch brought and that are rejected. */
  rejected: readonly RejectedRevision[];
}

/** The id of a record's product row. A record has many children: it is made of its key once. */
export function idOf(entry: Entry): string {
  return entry.id ??= recordId(entry.key);
}

/** The AT-URI of a record. An rkey holds no slash, so it is unique for the key. */
export function uriOf(key: RecordKey): string {
  return `at://${key.did}/${key.collection}/${key.rkey}`;
}

/** What a bare reference names; with a DID in place of the rkey, what a decision answers. */
export function nameOf(collection: string, rkey: string): string {
  return `${collection}/${rkey}`;
}

export const NONE_REJECTED: readonly RejectedRevision[] = [];

/** An entry for a record of which nothing is known yet. */
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
    stored: null,
    writtenParents: null,
    accepted: false,
    lowered: false,
    rejected: NONE_REJECTED,
  };
}
