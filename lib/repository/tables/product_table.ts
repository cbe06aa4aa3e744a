/** Writes all product tables: SQL built from a collection's columns. */

import type { Collection, Column } from "../../mapper/collection.ts";
import { type BulkStatement, columnsOf, type RowColumn, source, valueOf } from "./rows.ts";

/**
 * When an operator hid the row: it was deleted although the record was live. Kept until the operator clears
 * `deleted_at`, whatever the author does meanwhile.
 */
function moderatedAt({ decidesAbout }: Collection): string {
  // A membership that another one of the same pair replaced was not hidden by an operator.
  const wasShown = decidesAbout === undefined ? "t.indexer_live" : "t.indexer_live and t.in_force";
  return `case
      when t.deleted_at is null then null
      when t.moderated_at is not null then t.moderated_at
      when ${wasShown} then t.deleted_at
    end`;
}

/** Columns that every product table has. */
const COMMON: readonly RowColumn[] = [
  ...columnsOf("uuid", "id"),
  ...columnsOf("text", "record_did", "record_rkey", "record_rev"),
  ...columnsOf("timestamptz", "created_at", "updated_at"),
];

/** The key of a row: its record, in the collection of the table. */
export const ROW_KEY = columnsOf("text", "record_did", "record_rkey");
/** The condition that a row of the table `t` has the key of the row `r`. */
export const SAME_ROW = "t.record_did::text = r.record_did and t.record_rkey::text = r.record_rkey";

/** Inserts rows of records that have none. */
export function insertStatement(collection: Collection): BulkStatement {
  const { table, columns } = collection;
  const merged = columns.filter((column) => column.merged);
  const own = ownColumns(collection);
  const targets = [...own.map(({ name }) => name), ...merged.map(authorColumn)];
  const values = [...own.map(valueOrCreated), ...merged.map(valueOf)];
  const text = `insert into ${table} as t (${targets.join(", ")})
  select ${values.join(", ")}
  from ${source(own)}`;
  return { text, columns: own };
}

/** Inserts rows, or updates them to the newest revision. */
export function upsertStatement(collection: Collection): BulkStatement {
  const insert = insertStatement(collection);
  const { columns } = collection;
  const merged = columns.filter((column) => column.merged);
  const updates = [
    "record_rev = excluded.record_rev",
    "created_at = excluded.created_at",
    "updated_at = excluded.updated_at",
    ...columns.map((column) =>
      column.merged ? mergedUpdate(column) : `${column.name} = excluded.${column.name}`
    ),
    ...referenceColumns(collection).map((column) => `${column} = excluded.${column}`),
    ...merged.map((column) => `${authorColumn(column)} = excluded.${authorColumn(column)}`),
    `moderated_at = ${moderatedAt(collection)}`,
    `deleted_at = ${moderatedAt(collection)}`,
    "indexer_live = true",
  ];
  const text = `${insert.text}
  on conflict (record_did, record_rkey) do update set
    ${updates.join(",\n    ")}
  where excluded.record_rev::text >= t.record_rev::text or not t.indexer_live`;
  return { text, columns: insert.columns };
}

/** Hides rows that are live. */
export function hideStatement(collection: Collection): BulkStatement {
  const updates = [
    "deleted_at = coalesce(t.deleted_at, now())",
    `moderated_at = ${moderatedAt(collection)}`,
    "indexer_live = false",
    ...collection.columns.filter((column) => column.place).map((column) => `${column.name} = null`),
  ];
  if (collection.whenHidden !== undefined) updates.push(collection.whenHidden);
  const text = `update ${collection.table} as t set
    ${updates.join(",\n    ")}
  from ${source(ROW_KEY)}
  where ${SAME_ROW} and t.indexer_live`;
  return { text, columns: ROW_KEY };
}

/** The columns that a collection's records fill. */
export function ownColumns(
  collection: Collection,
): readonly (RowColumn & Partial<Omit<Column, "type">>)[] {
  return [
    ...COMMON,
    ...collection.columns,
    ...referenceColumns(collection).map((name) => ({ name, type: "uuid" } as const)),
  ];
}

/** Several references of a collection may fill one column. */
function referenceColumns({ references }: Collection): readonly string[] {
  return [...new Set(references.map(({ column }) => column))];
}

export function authorColumn(column: Pick<Column, "name">): string {
  return `author_${column.name}`;
}

export function valueOrCreated(column: RowColumn & Pick<Column, "orCreated">): string {
  const value = valueOf(column);
  return column.orCreated ? `coalesce(${value}, r.created_at::timestamptz)` : value;
}

/** The author's items, then those that somebody else added. */
function mergedUpdate({ name }: Column): string {
  return `${name} = excluded.${name} operator(pg_catalog.||) array(
      select item from pg_catalog.unnest(t.${name}) as item
      where item <> all (t.author_${name}) and item <> all (excluded.${name}))`;
}
