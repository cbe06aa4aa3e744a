/** Sends the writes of a batch: few statements per table, all in flight before the first is awaited. */

import type { TransactionSql } from "../connection/sql.ts";
import {
  COARSEN_LEDGER,
  INSERT_LEDGER,
  KEY,
  RESTATE_LEDGER,
  SAME_KEY,
  UPSERT_LEDGER,
} from "../tables/ledger_table.ts";
import { hideStatement, insertStatement, upsertStatement } from "../tables/product_table.ts";
import {
  type BulkStatement,
  columnsOf,
  insertInto,
  parametersOf,
  setExcluded,
  source,
} from "../tables/rows.ts";
import { type BulkWrite, StoreError } from "../tables/bulk_write.ts";
import { noteRows, WRITE_NOTES } from "./mailbox.ts";
import type { Share } from "../partitions/partition.ts";
import { ON_REQUEST } from "../reconcile/reconcile_requests.ts";
import type { Writes } from "./writes.ts";
import type { Collection, Row } from "../../mapper/collection.ts";

/**
 * For statements with a fixed text. Without a name the driver asks for the parameter types each time and
 * sends the parameters after the answer, which costs a round trip for each statement.
 */
export const PREPARED = { prepare: true };

const ACCOUNT = [
  ...columnsOf("text", "handle", "status", "account_source", "identity_source"),
  ...columnsOf("boolean", "active"),
  ...columnsOf("timestamptz", "account_time", "identity_time", "known_since", "purged_until"),
  ...columnsOf("bigint", "account_seq", "identity_seq", "account_cursor", "identity_cursor"),
];

const UPSERT_ACCOUNTS: BulkStatement = {
  columns: [...columnsOf("text", "did"), ...ACCOUNT],
  text: `${insertInto("accounts", [...columnsOf("text", "did"), ...ACCOUNT])}
  on conflict (did) do update set ${setExcluded(ACCOUNT)}, updated_at = now()`,
};

/**
 * A closed dead letter keeps its facts and loses its payload, which may quote a place whose consent was revoked.
 */
const SETTLE_DEAD_LETTERS: BulkStatement = {
  columns: KEY,
  text: `update dead_letters as t set
    resolved_at = now(), resolution = 'superseded', payload = null, next_attempt_at = null
  from ${source(KEY)}
  where ${SAME_KEY} and t.resolved_at is null`,
};

const DEAD_LETTER = [
  ...columnsOf("text", "fingerprint", "reason", "detail", "did", "collection", "rkey", "rev"),
  ...columnsOf("jsonb", "payload"),
  ...columnsOf("boolean", "superseded"),
  ...columnsOf("float8", "retry_in_ms"),
];

const UPSERT_DEAD_LETTERS: BulkStatement = {
  columns: DEAD_LETTER,
  text: `insert into dead_letters as t
    (fingerprint, reason, detail, did, collection, rkey, rev, payload, next_attempt_at,
     resolved_at, resolution)
  select fingerprint, reason, detail, did, collection, rkey, rev,
    case when not superseded::boolean then payload::jsonb end,
    case when not superseded::boolean
      then now() + retry_in_ms::float8 * interval '1 millisecond' end,
    case when superseded::boolean then now() end,
    case when superseded::boolean then 'superseded' end
  from ${source(DEAD_LETTER)}
  on conflict (fingerprint) do update set
    reason = excluded.reason, detail = excluded.detail, payload = excluded.payload,
    next_attempt_at = case when t.attempts < 9 and excluded.next_attempt_at is not null
      then now() + least((excluded.next_attempt_at - now()) * pg_catalog.power(2, t.attempts + 1), interval '1 day')
    end,
    resolved_at = excluded.resolved_at, resolution = excluded.resolution, attempts = t.attempts + 1`,
};

const RECONCILE = columnsOf("text", "did", "reason");

const REQUEST_RECONCILES: BulkStatement = {
  columns: RECONCILE,
  text: `${insertInto("reconciles", RECONCILE)} ${ON_REQUEST}`,
};

interface ProductStatements {
  readonly insert: BulkStatement;
  readonly upsert: BulkStatement;
  readonly hide: BulkStatement;
}

const productStatements = new Map<string, ProductStatements>();

function statementsOf(collection: Collection): ProductStatements {
  let statements = productStatements.get(collection.table);
  if (statements === undefined) {
    statements = {
      insert: insertStatement(collection),
      upsert: upsertStatement(collection),
      hide: hideStatement(collection),
    };
    productStatements.set(collection.table, statements);
  }
  return statements;
}

/** The statements that have something to write, in the order in which they must run. */
function bulkWrites(
  writes: Writes,
  { overwrite, share }: StoreOptions,
): readonly BulkWrite[] {
  const all: BulkWrite[] = [
    { name: "accounts", statement: UPSERT_ACCOUNTS, rows: writes.accounts },
    { name: "records", statement: overwrite ? UPSERT_LEDGER : INSERT_LEDGER, rows: writes.fresh },
    { name: "records", statement: UPSERT_LEDGER, rows: writes.ledger },
    { name: "records", statement: RESTATE_LEDGER, rows: writes.restated },
    { name: "records", statement: COARSEN_LEDGER, rows: writes.coarsened },
  ];
  for (const { collection, fresh, upserts, hides } of writes.tables.values()) {
    const { insert, upsert, hide } = statementsOf(collection);
    const table = { name: collection.table, collection: collection.nsid };
    all.push({ ...table, statement: hide, rows: hides });
    all.push({ ...table, statement: overwrite ? upsert : insert, rows: fresh });
    all.push({ ...table, statement: upsert, rows: upserts });
  }
  all.push({ name: "dead_letters", statement: SETTLE_DEAD_LETTERS, rows: writes.settled });
  all.push({
    name: "dead_letters",
    statement: UPSERT_DEAD_LETTERS,
    rows: deadLettersOf(writes, share),
  });
  all.push({ name: "reconciles", statement: REQUEST_RECONCILES, rows: writes.reconciles });
  if (share.of > 1) {
    all.push({ name: "mailbox", statement: WRITE_NOTES, rows: noteRows(writes.notes, share) });
  }
  return all.filter((write) => write.rows.length > 0);
}

/**
 * A parent may already exist in another partition, in a note that was not read yet. A dead letter for the waiting
 * limit is therefore retried automatically.
 */
const RETRY_LIMIT_MS = 60_000;

function deadLettersOf({ deadLetters }: Writes, { of }: Share): readonly Row[] {
  if (of === 1) return deadLetters;
  return deadLetters.map((row) =>
    row["reason"] === "waiting_limit" && row["superseded"] !== true
      ? { ...row, retry_in_ms: RETRY_LIMIT_MS }
      : row
  );
}

export interface StoreOptions {
  /** Whether rows that should be new may exist already. */
  readonly overwrite: boolean;
  /** The partition of all rows. */
  readonly share: Share;
}

/** Sends all writes. Returns the number of rows written; throws a `StoreError` for the first failure. */
export async function store(
  tx: TransactionSql,
  writes: Writes,
  options: StoreOptions,
): Promise<number> {
  const sent = bulkWrites(writes, options).map((write) =>
    send(tx, write).catch((cause) => {
      throw new StoreError(write, cause);
    })
  );
  const results = await Promise.allSettled(sent);
  // After the first failure all others fail because they are in the same transaction: report the first.
  let rows = 0;
  for (const result of results) {
    if (result.status === "rejected") throw result.reason;
    rows += result.value;
  }
  return rows;
}

/** Sends one bulk write. Returns the number of rows written. */
export async function send(tx: TransactionSql, { statement, rows }: BulkWrite): Promise<number> {
  const { text, columns } = statement;
  const { count } = await tx.unsafe(text, parametersOf(columns, rows), PREPARED);
  return count;
}
