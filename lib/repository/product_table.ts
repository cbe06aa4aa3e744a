/**
 * The one writer of all product tables: SQL made from a collection's columns. Rows come as one JSON
 * parameter, read by `json_to_recordset`: as fast as `unnest` of arrays and the same for any type.
 */

import type { Collection, Column } from "../mapper/collection.ts";

const RECORDSET_TYPE: Readonly<Record<Column["type"], string>> = {
  "text": "text",
  "text[]": "text[]",
  "timestamptz": "timestamptz",
  "jsonb": "jsonb",
  "float8": "float8",
  "boolean": "boolean",
  "point": "float8[]",
};

/**
 * When an operator hid the row: it was deleted although the indexer had it live. Kept until the
 * operator clears `deleted_at`, whatever the author does meanwhile.
 */
const MODERATED_AT = `case
      when t.deleted_at is null then null
      when t.moderated_at is not null then t.moderated_at
      when t.indexer_live then t.deleted_at
    end`;

/** Inserts rows, or makes them what the newest revision says. Parameter: a JSON array of rows. */
export function upsertStatement(collection: Collection): string {
  const { table, columns } = collection;
  const references = [...new Set(collection.references.map((reference) => reference.column))];
  const merged = columns.filter((column) => column.merged);
  const recordset = [
    "id uuid",
    "record_did text",
    "record_rkey text",
    "record_rev text",
    "created_at timestamptz",
    "updated_at timestamptz",
    ...columns.map((column) => `${column.name} ${RECORDSET_TYPE[column.type]}`),
    ...references.map((column) => `${column} uuid`),
  ];
  const plain = ["id", "record_did", "record_rkey", "record_rev", "created_at", "updated_at"];
  const targets = [
    ...plain,
    ...columns.map((column) => column.name),
    ...references,
    ...merged.map(authorColumn),
  ];
  const values = [
    ...plain.map((name) => `r.${name}`),
    ...columns.map(valueOf),
    ...references.map((column) => `r.${column}`),
    ...merged.map((column) => `r.${column.name}`),
  ];
  const updates = [
    "record_rev = excluded.record_rev",
    "created_at = excluded.created_at",
    "updated_at = excluded.updated_at",
    ...columns.map((column) =>
      column.merged ? mergedUpdate(column) : `${column.name} = excluded.${column.name}`
    ),
    ...references.map((column) => `${column} = excluded.${column}`),
    ...merged.map((column) => `${authorColumn(column)} = excluded.${authorColumn(column)}`),
    `moderated_at = ${MODERATED_AT}`,
    `deleted_at = ${MODERATED_AT}`,
    "indexer_live = true",
  ];
  return `insert into ${table} as t (${targets.join(", ")})
  select ${values.join(", ")}
  from json_to_recordset($1::text::json) as r(${recordset.join(", ")})
  on conflict (record_did, record_rkey) do update set
    ${updates.join(",\n    ")}
  where excluded.record_rev >= t.record_rev or not t.indexer_live`;
}

/** Hides rows that are live. Parameter: a JSON array of record_did and record_rkey. */
export function hideStatement(collection: Collection): string {
  const updates = [
    "deleted_at = coalesce(t.deleted_at, now())",
    `moderated_at = ${MODERATED_AT}`,
    "indexer_live = false",
    ...collection.columns.filter((column) => column.place).map((column) => `${column.name} = null`),
  ];
  if (collection.whenHidden !== undefined) updates.push(collection.whenHidden);
  return `update ${collection.table} as t set
    ${updates.join(",\n    ")}
  from json_to_recordset($1::text::json) as r(record_did text collate "C", record_rkey text collate "C")
  where t.record_did = r.record_did and t.record_rkey = r.record_rkey and t.indexer_live`;
}

function authorColumn(column: Column): string {
  return `author_${column.name}`;
}

function valueOf(column: Column): string {
  if (column.orCreated) return `coalesce(r.${column.name}, r.created_at)`;
  if (column.type !== "point") return `r.${column.name}`;
  return `case when r.${column.name} is not null then ` +
    `st_setsrid(st_makepoint(r.${column.name}[1], r.${column.name}[2]), 4326)::geography end`;
}

/** The author's items, then those that somebody else added. */
function mergedUpdate({ name }: Column): string {
  return `${name} = excluded.${name} || array(
      select item from unnest(t.${name}) as item
      where item <> all (t.author_${name}) and item <> all (excluded.${name}))`;
}
