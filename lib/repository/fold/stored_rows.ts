/** The rows that fill the working set: results of the queries on the ledger and the accounts. */

import type { JsonObject } from "../../decoder/json.ts";
import type { RecordKey } from "../../mapper/collection.ts";
import type { AccountEntry } from "./account.ts";
import type { Entry } from "./entry.ts";
import type { State } from "./state.ts";

/** A result row of a query for records. */
export interface RecordRow {
  did: string;
  collection: string;
  rkey: string;
  rev: string;
  cid: string | null;
  state: State;
  reason: string | null;
  waiting_for: string | null;
  loose_references: string[] | null;
  time_us: number;
  created_at: string;
  /** Null also when not requested. */
  fields: Readonly<Record<string, string | null>> | null;
  /** Size of the record, uncompressed; null when not requested, or when the record can't be written. */
  bytes: number | null;
  /** For a live record, the id that its row refers to, when requested; otherwise null or absent. */
  asks_for?: string | null;
  /** Null when the account has no row; absent when not requested. */
  account?: AccountRow | null;
}

/** A row of `SIZES`. */
export interface SizeRow extends RecordKey {
  readonly bytes: number;
}

/** A row of `BODIES`. */
export interface BodyRow extends RecordKey {
  readonly record: JsonObject | null;
}

/** A row of `ACCOUNTS`. */
export interface AccountRow {
  did: string;
  handle: string | null;
  active: boolean;
  status: string | null;
  account_time_us: number | null;
  account_seq: number;
  account_source: string | null;
  account_cursor: number | null;
  identity_time_us: number | null;
  identity_seq: number;
  identity_source: string | null;
  identity_cursor: number | null;
  known_since_us: number | null;
  purged_until_us: number | null;
}

/** Copies a ledger row into an entry. */
export function fillEntry(entry: Entry, row: RecordRow): void {
  entry.rev = row.rev;
  entry.cid = row.cid;
  entry.timeUs = row.time_us;
  entry.bytes = row.bytes;
  // When an entry is loaded again with its content, it may already have an earlier time.
  if (entry.createdAt === null || row.created_at < entry.createdAt) {
    entry.createdAt = row.created_at;
  }
  entry.stored = {
    state: row.state,
    reason: row.reason,
    waitingFor: row.waiting_for,
    loose: row.loose_references,
  };
}

/** Copies a row of `accounts` into an account. */
export function fillAccount(account: AccountEntry, row: AccountRow): void {
  account.handle = row.handle;
  account.active = row.active;
  account.status = row.status;
  account.accountAt = row.account_time_us === null ? null : {
    timeUs: row.account_time_us,
    relaySeq: row.account_seq,
    source: row.account_source,
    cursor: row.account_cursor,
  };
  account.identityAt = row.identity_time_us === null ? null : {
    timeUs: row.identity_time_us,
    relaySeq: row.identity_seq,
    source: row.identity_source,
    cursor: row.identity_cursor,
  };
  account.knownSinceUs = row.known_since_us;
  account.purgedUntilUs = row.purged_until_us;
}
