/** How rows of a product table differ from what their records give. Writes nothing. */

import type { Collection } from "../../mapper/collection.ts";
import { authorColumn, ownColumns, ROW_KEY, SAME_ROW, valueOrCreated } from "./product_table.ts";
import { type BulkStatement, source, valueOf } from "./rows.ts";

/** A row that differs from its record. */
export interface DifferingRow {
  readonly record_did: string;
  readonly record_rkey: string;
  /** There is no row, or none with `indexer_live`. */
  readonly missing: boolean;
  readonly columns: readonly string[];
}

/** Of the rows that records give: those that the table lacks or has with other values. */
export function differingRows(collection: Collection): BulkStatement {
  const columns = ownColumns(collection);
  const tests = columns.map((column) => [column.name, differs(column)] as const);
  const found = tests.map(([name, test]) => `case when ${test} then '${name}' end`);
  const text = `select r.record_did, r.record_rkey, t.id is null or not t.indexer_live as missing,
    pg_catalog.to_json(pg_catalog.array_remove(array[${found.join(", ")}], null)) as columns
  from ${source(columns)}
  left join ${collection.table} as t on ${SAME_ROW}
  where t.id is null or not t.indexer_live
    or ${tests.map(([, test]) => test).join("\n    or ")}`;
  return { text, columns };
}

/** Of the records that are not applied: those with an `indexer_live` row. */
export function unexpectedRows(collection: Collection): BulkStatement {
  const text = `select r.record_did, r.record_rkey from ${source(ROW_KEY)}
  join ${collection.table} as t on ${SAME_ROW} where t.indexer_live`;
  return { text, columns: ROW_KEY };
}

/** `indexer_live` rows for which the ledger has no applied record of that revision. */
export function rowsWithoutRecord({ nsid, table }: Collection): string {
  return `select t.record_did as did, '${nsid}' as collection, t.record_rkey as rkey
  from ${table} as t
  where t.indexer_live and t.record_did is not null and not exists (
    select from records as r where (r.did, r.collection, r.rkey) = (t.record_did::text, '${nsid}', t.record_rkey::text)
      and r.state = 'applied' and r.rev = t.record_rev::text)
  order by 1, 3`;
}

function differs(column: ReturnType<typeof ownColumns>[number]): string {
  const value = valueOrCreated(column);
  if (column.merged) return `t.${authorColumn(column)} is distinct from ${valueOf(column)}`;
  if (column.type === "point") return pointDiffers(`t.${column.name}`, value);
  const test = `t.${column.name} is distinct from ${value}`;
  return column.whileShown ? `(t.deleted_at is null and ${test})` : test;
}

/** The last bits of a sine differ between versions of the runtime. A tenth of a millimetre, in degrees. */
const SAME_PLACE = 1e-9;

function pointDiffers(stored: string, made: string): string {
  const apart = `${stored}::geometry::point operator(pg_catalog.<->) ${made}::geometry::point`;
  return `not coalesce((${apart}) < ${SAME_PLACE}::float8, ${stored} is null and ${made} is null)`;
}
