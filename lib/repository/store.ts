/** Sends what a batch writes: one statement a table, all of them in flight before any is awaited. */

import type { TransactionSql } from "postgres";
import { hideStatement, upsertStatement } from "./product_table.ts";
import type { WriteRow, Writes } from "./writes.ts";
import type { Collection } from "../mapper/collection.ts";

/** One bulk statement with its rows. */
export interface BulkWrite {
  readonly name: string;
  readonly text: string;
  readonly rows: readonly WriteRow[];
  /** For a product table, the collection whose records it holds. */
  readonly collection?: string;
}

/**
 * For statements with a fixed text: without a name the driver asks for the types of the parameters
 * each time, and sends them only after the answer, so Postgres waits for us between any two.
 */
export const PREPARED = { prepare: true };

const KEY = `did text collate "C", collection text collate "C", rkey text collate "C"`;
const SAME_KEY = `(t.did, t.collection, t.rkey) = (r.did, r.collection, r.rkey)`;

/**
 * The guard is the fold's own, once more: a row never goes back to an older revision.
 *
 * The record is JSON in a text: an object within the rows would be read twice, by the rows' parser and
 * then by its own.
 */
const UPSERT_LEDGER = `insert into records as t
    (did, collection, rkey, rev, cid, idempotency_key, state, reason, waiting_for, loose_references,
     record, event_time, created_at)
  select did, collection, rkey, rev, cid, idempotency_key, state, reason, waiting_for,
    loose_references, record::jsonb, event_time, created_at
  from json_to_recordset($1::text::json) as r(${KEY}, rev text, cid text, idempotency_key text,
    state text, reason text, waiting_for text, loose_references text[], record text,
    event_time timestamptz, created_at timestamptz)
  on conflict (did, collection, rkey) do update set
    rev = excluded.rev, cid = excluded.cid, idempotency_key = excluded.idempotency_key,
    state = excluded.state, reason = excluded.reason, waiting_for = excluded.waiting_for,
    loose_references = excluded.loose_references, record = excluded.record,
    event_time = excluded.event_time, created_at = excluded.created_at, indexed_at = now()
  where excluded.rev >= t.rev`;

const RESTATE_LEDGER = `update records as t set
    rev = r.rev, state = r.state, reason = r.reason, waiting_for = r.waiting_for,
    loose_references = r.loose_references, created_at = r.created_at,
    record = case when r.state = 'deleted' then null else t.record end
  from json_to_recordset($1::text::json) as r(${KEY}, rev text, state text, reason text,
    waiting_for text, loose_references text[], created_at timestamptz)
  where ${SAME_KEY}`;

const UPSERT_ACCOUNTS = `insert into accounts as t
    (did, handle, active, status, account_time, account_seq, identity_time, identity_seq,
     known_since, purged_until)
  select * from json_to_recordset($1::text::json) as r(did text, handle text, active boolean,
    status text, account_time timestamptz, account_seq bigint, identity_time timestamptz,
    identity_seq bigint, known_since timestamptz, purged_until timestamptz)
  on conflict (did) do update set
    handle = excluded.handle, active = excluded.active, status = excluded.status,
    account_time = excluded.account_time, account_seq = excluded.account_seq,
    identity_time = excluded.identity_time, identity_seq = excluded.identity_seq,
    known_since = excluded.known_since, purged_until = excluded.purged_until, updated_at = now()`;

/** A letter that is moot keeps its facts, not its payload: what it quoted may have been revoked. */
const SETTLE_LETTERS = `update dead_letters as t set
    resolved_at = now(), resolution = 'superseded', payload = null, next_attempt_at = null
  from json_to_recordset($1::text::json) as r(${KEY})
  where ${SAME_KEY} and t.resolved_at is null`;

const UPSERT_LETTERS = `insert into dead_letters as t
    (fingerprint, reason, detail, did, collection, rkey, rev, payload, next_attempt_at,
     resolved_at, resolution)
  select fingerprint, reason, detail, did, collection, rkey, rev,
    case when superseded then null else payload end,
    case when not superseded then now() + retry_in_ms * interval '1 millisecond' end,
    case when superseded then now() end,
    case when superseded then 'superseded' end
  from json_to_recordset($1::text::json) as r(fingerprint text, reason text, detail text, did text,
    collection text, rkey text, rev text, payload jsonb, superseded boolean, retry_in_ms float8)
  on conflict (fingerprint) do update set
    reason = excluded.reason, detail = excluded.detail, payload = excluded.payload,
    next_attempt_at = case when t.attempts < 9
      then now() + least((excluded.next_attempt_at - now()) * power(2, t.attempts + 1), interval '1 day')
    end,
    resolved_at = excluded.resolved_at, resolution = excluded.resolution, attempts = t.attempts + 1`;

const productStatements = new Map<string, { upsert: string; hide: string }>();

function statementsOf(collection: Collection): { upsert: string; hide: string } {
  let statements = productStatements.get(collection.table);
  if (statements === undefined) {
    statements = { upsert: upsertStatement(collection), hide: hideStatement(collection) };
    productStatements.set(collection.table, statements);
  }
  return statements;
}

/** The statements that have something to write, in the order in which they must run. */
export function bulkWrites(writes: Writes): readonly BulkWrite[] {
  const all: BulkWrite[] = [
    { name: "accounts", text: UPSERT_ACCOUNTS, rows: writes.accounts },
    { name: "records", text: UPSERT_LEDGER, rows: writes.ledger },
    { name: "records", text: RESTATE_LEDGER, rows: writes.restated },
  ];
  for (const { collection, upserts, hides } of writes.tables.values()) {
    const { upsert, hide } = statementsOf(collection);
    const table = { name: collection.table, collection: collection.nsid };
    all.push({ ...table, text: hide, rows: hides });
    all.push({ ...table, text: upsert, rows: upserts });
  }
  all.push({ name: "dead_letters", text: SETTLE_LETTERS, rows: writes.settled });
  all.push({ name: "dead_letters", text: UPSERT_LETTERS, rows: writes.letters });
  return all.filter((write) => write.rows.length > 0);
}

/** A bulk write that Postgres refused. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  constructor(readonly write: BulkWrite, cause: unknown) {
    super(`cannot write ${write.rows.length} rows to ${write.name}`, { cause });
  }
}

/** Sends all of it. Returns how many rows were written; throws a `StoreError` for the first that failed. */
export async function store(tx: TransactionSql, writes: Writes): Promise<number> {
  const sent = bulkWrites(writes).map((write) =>
    send(tx, write).catch((cause) => {
      throw new StoreError(write, cause);
    })
  );
  const results = await Promise.allSettled(sent);
  // After the first failure all others fail for being in the same transaction: report the first.
  let rows = 0;
  for (const result of results) {
    if (result.status === "rejected") throw result.reason;
    rows += result.value;
  }
  return rows;
}

/** Sends one bulk write. Returns how many rows it wrote. */
export async function send(tx: TransactionSql, write: BulkWrite): Promise<number> {
  const { count } = await tx.unsafe(write.text, [JSON.stringify(write.rows)], PREPARED);
  return count;
}
