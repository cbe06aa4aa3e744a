/** What the working set is filled from: the questions to the ledger and the accounts, and their rows. */

import type { JsonObject } from "../decoder/json.ts";
import type { RecordKey } from "../mapper/collection.ts";
import type { AccountEntry } from "./fold/account.ts";
import type { Entry } from "./fold/entry.ts";
import type { State } from "./fold/verdict.ts";
import type { Mapper } from "../mapper/content.ts";
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

/** So many records of repositories are loaded ahead: as many as are judged at a time. */
export const REPOSITORIES_MOST = 1000;

/** The questions for records. None reads more of a record than what it says about others. */
export interface RecordQuestions {
  /** Of `WANTED`: their state, and of those that are wanted what they say about others. */
  readonly byKey: string;
  /** Of `DID`: all that are not deleted, or the first `REPOSITORIES_MOST` of them. */
  readonly ofRepositories: string;
  /** Of `NAME`: the live records of some names, by collection. */
  readonly candidates: ReadonlyMap<string, string>;
  /** Of `REQUEST`, by collection with requests. */
  readonly requests: ReadonlyMap<string, string>;
}

export function recordQuestions({ collections, linkFields }: Mapper): RecordQuestions {
  const fields = [...linkFields];
  const said = `(select json_build_object(${
    fields.map((field) => `'${field}', left(f."${field}", ${LINK_LENGTH})`)
  }) from jsonb_to_record(t.record) as f(${fields.map((field) => `"${field}" text`)}))`;
  const columns = (wanted: string): string =>
    `t.did, t.collection, t.rkey, t.rev, t.cid, t.state, t.reason, t.waiting_for,
    to_json(t.loose_references) as loose_references,
    (extract(epoch from t.event_time) * 1000000)::float8 as time_us,
    to_char(t.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at,
    case when ${wanted} and t.record is not null then ${said} end as fields`;
  // Of whose records they are is not known before, so their accounts come with them.
  const withAccount = `${columns("true")},
    (select row_to_json(a) from (select ${ACCOUNT_COLUMNS} from accounts as a where a.did = t.did) as a)
      as account`;
  return {
    byKey: `select ${columns("r.wanted::boolean")}
  from ${source(WANTED)}
  join records as t on ${SAME_RECORD}`,
    ofRepositories: `select ${columns("true")}
  from ${source(DID)},
  lateral (select * from records as t where t.did = r.did and t.state <> 'deleted'
    order by t.collection, t.rkey limit ${REPOSITORIES_MOST}) as t
  limit ${REPOSITORIES_MOST}`,
    candidates: new Map(
      collections.map(({ nsid, table }) => [
        nsid,
        `select ${withAccount}
  from ${source(NAME)},
  lateral (select s.record_did from ${table} as s
    where s.record_rkey = r.rkey and s.indexer_live limit r.most::bigint) as c,
  lateral (select * from records as t
    where t.did = c.record_did and t.collection = '${nsid}' and t.rkey = r.rkey) as t`,
      ]),
    ),
    // An account's live records with one parent, and any one record: whether it ever had one matters too.
    requests: new Map(
      collections.map(({ nsid, table, references: [reference] }) => [
        nsid,
        `select ${withAccount}
  from ${source(REQUEST)},
  lateral (
    (select s.record_rkey as rkey from ${table} as s
      where s.record_did = r.did and s.${
          reference?.column ?? "id"
        } = r.parent::uuid and s.indexer_live
      limit r.most::bigint)
    union
    (select s.rkey from records as s where s.did = r.did and s.collection = '${nsid}' limit 1)
  ) as c,
  lateral (select * from records as t
    where t.did = r.did and t.collection = '${nsid}' and t.rkey = c.rkey) as t`,
      ]),
    ),
  };
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

const ACCOUNT_COLUMNS = `a.did, a.handle, a.active, a.status,
    (extract(epoch from a.account_time) * 1000000)::float8 as account_time_us,
    a.account_seq::float8 as account_seq, a.account_source,
    a.account_cursor::float8 as account_cursor,
    (extract(epoch from a.identity_time) * 1000000)::float8 as identity_time_us,
    a.identity_seq::float8 as identity_seq, a.identity_source,
    a.identity_cursor::float8 as identity_cursor,
    (extract(epoch from a.known_since) * 1000000)::float8 as known_since_us,
    (extract(epoch from a.purged_until) * 1000000)::float8 as purged_until_us`;

export const ACCOUNTS = `select ${ACCOUNT_COLUMNS}
  from ${source(DID)}
  join accounts as a on a.did = r.did`;

/** A bare name, and how many of its records can matter. */
export const NAME: readonly RowColumn[] = [
  { name: "rkey", type: "text" },
  { name: "most", type: "bigint" },
];

/** Whom a decision is about, the id of the record that it decides on, and how many requests can matter. */
export const REQUEST: readonly RowColumn[] = [
  { name: "did", type: "text" },
  { name: "parent", type: "uuid" },
  { name: "most", type: "bigint" },
];

/** A row of a question for records. */
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
  /** Null when it isn't in the table; absent when it was not asked for. */
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
