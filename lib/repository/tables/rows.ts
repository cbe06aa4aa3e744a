/**
 * Rows as parameters of a bulk statement: one array of texts per column, cast where they are used. The
 * fastest of the ways that bench/README.md compares.
 */

import type { Row } from "../../mapper/collection.ts";
import { textArray } from "./text_array.ts";

/** A column of such rows. */
export interface RowColumn {
  readonly name: string;
  /** SQL type that the texts are cast to. A point is `[longitude, latitude]`, and becomes a geography. */
  readonly type: RowType;
}

export type RowType =
  | "text"
  | "text[]"
  | "timestamptz"
  | "jsonb"
  | "float8"
  | "bigint"
  | "boolean"
  | "uuid"
  | "point";

/** A statement that reads its rows from `source(columns)` and has no other parameters. */
export interface BulkStatement {
  readonly text: string;
  readonly columns: readonly RowColumn[];
}

/** The `from` item that provides the rows, as `r`. */
export function source(columns: readonly RowColumn[]): string {
  const arrays = columns.map((_, index) => `pg_catalog.unnest($${index + 1}::text[])`);
  const names = columns.map(({ name }) => name);
  return `rows from (${arrays.join(", ")}) as r(${names.join(", ")})`;
}

/** The value of a column of `r` in its type. */
export function valueOf({ name, type }: RowColumn): string {
  if (type === "text") return `r.${name}`;
  return `r.${name}::${type === "point" ? "geography" : type}`;
}

/** Columns of one type. */
export function columnsOf(
  type: RowColumn["type"],
  ...names: readonly string[]
): readonly RowColumn[] {
  return names.map((name) => ({ name, type }));
}

/** The start of an insert from rows with the table's own columns. */
export function insertInto(table: string, columns: readonly RowColumn[]): string {
  return `insert into ${table} as t (${columns.map(({ name }) => name).join(", ")})
  select ${columns.map(valueOf).join(", ")} from ${source(columns)}`;
}

/** Assigns the columns of a row that could not be inserted. */
export function setExcluded(columns: readonly RowColumn[]): string {
  return columns.map(({ name }) => `${name} = excluded.${name}`).join(", ");
}

/** The parameters for some rows: an array of texts for each column. What a row lacks is null. */
export function parametersOf(columns: readonly RowColumn[], rows: readonly Row[]): Uint8Array[] {
  return columns.map(({ name, type }) =>
    textArray(rows.map((row) => textOf(row[name] ?? null, type)))
  );
}

/** A value as Postgres parses it. */
function textOf(value: unknown, type: RowType): string | null {
  if (value === null) return null;
  if (type === "jsonb") return JSON.stringify(value);
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return String(value);
  return type === "point"
    ? `point(${value.join(" ")})`
    : `{${value.map(String).map(quoted).join(",")}}`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
