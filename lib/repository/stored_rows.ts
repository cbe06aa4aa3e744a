/** What the working set is filled from: the questions to the ledger and the accounts, and their rows. */

import type { JsonObject } from "../decoder/json.ts";
import type { RecordKey } from "../mapper/collection.ts";
import type { AccountEntry } from "./fold/account.ts";
import type { Entry } from "./fold/entry.ts";
import type { State } from "./fold/verdict.ts";
import { type RowColumn, source } from "./rows.ts";

const SAME_RECORD = "(t.did, t.collection, t.rkey) = (r.did, r.collection, r.rkey)";

/** The records that are asked for, and of which it is wanted what they say about others. */
export const WANTED: readonly RowColumn[] = [
  { name: "did", type: "text" },
  { name: "collection", type: "text" },
  { name: "rkey", type: "text" },
  { name: "wanted", type: "boolean" },
];

/** An AT-URI has no more characters: of what can't be one, no more is read. */
const LINK_LENGTH = 4_096;

/**
 * The state of records, and of those that are wanted the fields that tell what they say about others:
 * never all that they hold, which may be a megabyte each.
 */
export function recordsStatement(linkFields: Iterable<string>): string {
  const fields = [...linkFields];
  return `select t.did, t.collection, t.rkey, t.rev, t.cid, t.state, t.reason, t.waiting_for,
    to_json(t.loose_references) as loose_references,
    (extract(epoch from t.event_time) * 1000000)::float8 as time_us,
    to_char(t.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at,
    case when r.wanted::boolean and t.record is not null then (
      select json_build_object(${fields.map((f) => `'${f}', left(f."${f}", ${LINK_LENGTH})`)})
      from jsonb_to_record(t.record) as f(${fields.map((f) => `"${f}" text`)})
    ) end as fields
  from ${source(WANTED)}
  join records as t on ${SAME_RECORD}`;
}

/** The records that are asked for, by their keys. */
export const KEY: readonly RowColumn[] = WANTED.slice(0, 3);

/**
 * How much a value of jsonb takes, unpacked. Nothing is deleted from it: that gives the value itself, and
 * the length of its text would take a hundred times as long.
 */
export function unpackedSize(column: string): string {
  return `coalesce(pg_column_size(${column} #- '{}'), 0)`;
}

export const SIZES = `select t.did, t.collection, t.rkey, ${unpackedSize("t.record")} as bytes
  from ${source(KEY)}
  join records as t on ${SAME_RECORD}`;

export const BODIES = `select t.did, t.collection, t.rkey, t.record
  from ${source(KEY)}
  join records as t on ${SAME_RECORD}`;

export const DID: readonly RowColumn[] = [{ name: "did", type: "text" }];

export const ACCOUNTS = `select t.did, t.handle, t.active, t.status,
    (extract(epoch from t.account_time) * 1000000)::float8 as account_time_us,
    t.account_seq::float8 as account_seq, t.account_source,
    t.account_cursor::float8 as account_cursor,
    (extract(epoch from t.identity_time) * 1000000)::float8 as identity_time_us,
    t.identity_seq::float8 as identity_seq, t.identity_source,
    t.identity_cursor::float8 as identity_cursor,
    (extract(epoch from t.known_since) * 1000000)::float8 as known_since_us,
    (extract(epoch from t.purged_until) * 1000000)::float8 as purged_until_us
  from ${source(DID)}
  join accounts as t on t.did = r.did`;

/** A bare name, and how many of its records can matter. */
export const NAME: readonly RowColumn[] = [
  { name: "rkey", type: "text" },
  { name: "most", type: "bigint" },
];

/** The live records of some names. */
export function candidatesStatement(table: string): string {
  return `select r.rkey, t.record_did as did
    from ${source(NAME)},
    lateral (select s.record_did from ${table} as s
      where s.record_rkey = r.rkey and s.indexer_live limit r.most::bigint) as t`;
}

/** Whom a decision is about, the id of the record that it decides on, and how many requests can matter. */
export const REQUEST: readonly RowColumn[] = [
  { name: "did", type: "text" },
  { name: "parent", type: "uuid" },
  { name: "most", type: "bigint" },
];

/** An account's live records with one parent, and any one record: whether it ever had one matters too. */
export function requestsStatement(nsid: string, table: string, column: string): string {
  return `select r.did, t.rkey
    from ${source(REQUEST)},
    lateral (
      (select s.record_rkey as rkey from ${table} as s
        where s.record_did = r.did and s.${column} = r.parent::uuid and s.indexer_live
        limit r.most::bigint)
      union
      (select s.rkey from records as s where s.did = r.did and s.collection = '${nsid}' limit 1)
    ) as t`;
}

/** A row of `recordsStatement`. */
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
  /** Null also when they were not wanted. */
  fields: Readonly<Record<string, string | null>> | null;
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

/** Takes into an entry what the ledger knows of its record. */
export function fillEntry(entry: Entry, row: RecordRow): void {
  entry.rev = row.rev;
  entry.cid = row.cid;
  entry.timeUs = row.time_us;
  // An entry that is loaded again, for its content, may know of an earlier time by now.
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

/** Takes into an account what the table knows of it. */
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
