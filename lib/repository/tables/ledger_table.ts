/** Writes the ledger: one row for each record that was ever seen. */

import { type BulkStatement, columnsOf, insertInto, setExcluded, source, valueOf } from "./rows.ts";

/** The key of a record, and the condition that a row of the table `t` has the key of the row `r`. */
export const KEY = columnsOf("text", "did", "collection", "rkey");
export const SAME_KEY = "(t.did, t.collection, t.rkey) = (r.did, r.collection, r.rkey)";

/** What a new verdict on a record changes. */
const STANDING = [
  ...columnsOf("text", "rev", "state", "reason", "waiting_for"),
  ...columnsOf("text[]", "loose_references"),
  ...columnsOf("timestamptz", "created_at"),
];

/** What a new revision changes. */
const REVISION = [
  ...STANDING,
  ...columnsOf("text", "cid", "idempotency_key"),
  ...columnsOf("jsonb", "record"),
  ...columnsOf("timestamptz", "event_time"),
];

/**
 * Records that the ledger does not have. Most rows are new and are inserted without a conflict check. End to end,
 * relative to bare statements: 0.50, 0.50 and 0.47 with `on conflict` in all statements; 0.55, 0.54 and 0.57 without.
 */
export const INSERT_LEDGER: BulkStatement = {
  columns: [...KEY, ...REVISION],
  text: insertInto("records", [...KEY, ...REVISION]),
};

/** Newer revisions. The condition repeats the rule of the fold: a row never goes back to an older revision. */
export const UPSERT_LEDGER: BulkStatement = {
  columns: INSERT_LEDGER.columns,
  text: `${INSERT_LEDGER.text}
  on conflict (did, collection, rkey) do update set ${setExcluded(REVISION)}, indexed_at = now()
  where excluded.rev >= t.rev`,
};

/** New verdicts on records whose revision stays. */
export const RESTATE_LEDGER: BulkStatement = {
  columns: [...KEY, ...STANDING],
  text: `update records as t set
    ${STANDING.map((column) => `${column.name} = ${valueOf(column)}`).join(", ")},
    record = case when r.state = 'deleted' then null else t.record end
  from ${source([...KEY, ...STANDING])}
  where ${SAME_KEY}`,
};

const COARSENED = [...KEY, ...columnsOf("text", "rev"), ...columnsOf("jsonb", "record")];

/** The same revisions without places that an older version kept. */
export const COARSEN_LEDGER: BulkStatement = {
  columns: COARSENED,
  text: `update records as t set record = r.record::jsonb
  from ${source(COARSENED)}
  where ${SAME_KEY} and t.rev = r.rev and t.record is not null`,
};
