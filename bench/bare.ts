/**
 * The minimum cost of the rows: the rows that the indexer has written are read and written
 * again, by bare statements from arrays.
 */

import type { Sql } from "../lib/repository/connection/sql.ts";
import { type Scratch, TABLES } from "./database.ts";
import { cpuSeconds } from "./processes.ts";

interface Column {
  readonly name: string;
  readonly type: string;
}

type TextRow = Readonly<Record<string, string | null>>;

/** The rows of one table, in the order of the stream. */
interface TableRows {
  readonly table: string;
  readonly columns: readonly Column[];
  readonly rows: readonly TextRow[];
}

/** One statement with its parameters, ready to be sent. */
interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
}

/**
 * Records in one transaction. `insert … select from unnest` of this many was the fastest way that was
 * tried: bench/README.md has the others.
 */
export const BARE_BATCH = 5000;

/** All rows that the indexer has written. */
export async function harvest({ sql }: Scratch): Promise<readonly TableRows[]> {
  return await Promise.all(TABLES.map(async (table) => {
    const columns = await sql.unsafe<Column[]>(
      `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
        where attrelid = $1::text::regclass and attnum > 0 and not attisdropped
          and attgenerated = '' order by attnum`,
      [table],
    );
    const order = table === "records" ? "rev" : table === "accounts" ? "did" : "record_rev";
    const list = columns.map(({ name }) => `${name}::text as ${name}`).join(", ");
    const rows = await sql.unsafe<TextRow[]>(`select ${list} from ${table} order by ${order}`);
    return { table, columns: [...columns], rows: [...rows] };
  }));
}

/** The cost of bare statements. */
export interface Bare {
  /** Ledger rows. */
  readonly perSecond: number;
  /** CPU time of this process and of Postgres for a ledger row, microseconds. */
  readonly cpuUs: number;
}

/** Writes all of it into empty tables, so many records in a transaction. `sql`: a connection that is named `bare`. */
export async function writeBare(
  scratch: Scratch,
  sql: Sql,
  tables: readonly TableRows[],
  records = BARE_BATCH,
): Promise<Bare> {
  const ledger = tables[0]?.rows ?? [];
  const batches = batchesOf(tables, ledger, records).map((batch) => batch.map(insertOf));
  await scratch.empty();
  const cpu = async (): Promise<number> =>
    await cpuSeconds(Deno.pid) + await scratch.cpuSeconds("bare");
  const cpuBefore = await cpu();
  const startedAt = performance.now();
  for (const batch of batches) {
    await sql.begin((tx) =>
      Promise.all(batch.map(({ text, parameters }) => tx.unsafe(text, [...parameters])))
    );
  }
  const perSecond = ledger.length * 1000 / (performance.now() - startedAt);
  return { perSecond, cpuUs: (await cpu() - cpuBefore) * 1e6 / ledger.length };
}

/**
 * Writes records like the replaced system, one transaction each: check whether the record is known and whether its
 * row exists, write the row, remember the record, move the cursor. Returns records a second.
 */
export async function writeOneByOne(
  sql: Sql,
  tables: readonly TableRows[],
  count: number,
): Promise<number> {
  const records = (tables[0]?.rows ?? []).slice(0, count);
  const accounts = tables.find(({ table }) => table === "accounts");
  const products = new Map<string, { table: TableRows; row: TextRow }>();
  for (const table of tables) {
    if (table.table === "records" || table === accounts) continue;
    for (const row of table.rows) {
      products.set(`${row["record_did"]}/${row["record_rkey"]}`, { table, row });
    }
  }
  const startedAt = performance.now();
  for (const [index, record] of records.entries()) {
    const key = [record["did"] ?? "", record["rkey"] ?? ""];
    const product = products.get(key.join("/"));
    if (product === undefined || tables[0] === undefined) throw new Error("a record has no row");
    const row = insertOf({ ...product.table, rows: [product.row] });
    const ledger = insertOf({ ...tables[0], rows: [record] });
    await sql.begin(async (tx) => {
      await tx.unsafe(
        "select 1 from records where did = $1 and collection = $2 and rkey = $3 and rev >= $4",
        [key[0]!, record["collection"] ?? "", key[1]!, record["rev"] ?? ""],
      );
      await tx.unsafe(
        `select id from ${product.table.table} where record_did = $1 and record_rkey = $2`,
        key,
      );
      await tx.unsafe(row.text, [...row.parameters]);
      await tx.unsafe(ledger.text, [...ledger.parameters]);
      await tx.unsafe(
        `insert into indexer_state (consumer, cursor) values ('bench', $1)
          on conflict (consumer, partition) do update set cursor = excluded.cursor`,
        [index],
      );
    });
  }
  return records.length * 1000 / (performance.now() - startedAt);
}

/** Cuts tables so that each batch has so many records, and the rows of their own in the other tables. */
function batchesOf(
  tables: readonly TableRows[],
  ledger: readonly TextRow[],
  records: number,
): TableRows[][] {
  const place = new Map(ledger.map(({ did, rkey }, index) => [`${did}/${rkey}`, index]));
  const cut = tables.map(({ table, columns, rows }) => {
    const batches = Map.groupBy(rows, (row) => {
      const at = place.get(
        `${row["record_did"] ?? row["did"]}/${row["record_rkey"] ?? row["rkey"]}`,
      );
      return Math.floor((at ?? 0) / records);
    });
    return { table, columns, batches };
  });
  return Array.from(
    { length: Math.ceil(ledger.length / records) },
    (_, batch) =>
      cut.map(({ table, columns, batches }) => ({ table, columns, rows: batches.get(batch) ?? [] }))
        .filter(({ rows }) => rows.length > 0),
  );
}

function insertOf({ table, columns, rows }: TableRows): Statement {
  const names = columns.map(({ name }) => name).join(", ");
  const values = columns.map(({ name, type }) => `r.${name}::${type}`).join(", ");
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`).join(", ");
  return {
    text: `insert into ${table} (${names}) select ${values} from unnest(${arrays}) as r(${names})`,
    parameters: columns.map(({ name }) => arrayLiteral(rows.map((row) => row[name] ?? null))),
  };
}

function arrayLiteral(values: readonly (string | null)[]): string {
  const items = values.map((value) =>
    value === null ? "NULL" : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
  );
  return `{${items.join(",")}}`;
}
