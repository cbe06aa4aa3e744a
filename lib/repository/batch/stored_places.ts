/**
 * Removes places that an older version kept, from what is not mapped from the ledger: dead letters, and rows that are
 * hidden, whose records may be gone. Reads a few megabytes at a time, while no batch is written.
 */

import type { JsonObject } from "../../decoder/json.ts";
import type { Collection } from "../../mapper/collection.ts";
import { coarsenStored } from "../../mapper/consent/consent.ts";
import type { Sql, TransactionSql } from "../connection/sql.ts";
import { idIn } from "../dead_letters/dead_letter_filter.ts";
import { unpackedSize } from "../fold/record_queries.ts";
import { inParts } from "../tables/byte_parts.ts";
import { authorColumn, ROW_KEY, SAME_ROW } from "../tables/product_table.ts";
import { parametersOf, type RowColumn, source, valueOf } from "../tables/rows.ts";
import { WRITER_LOCK } from "./transaction.ts";

/** How many were read, and how many of them have a place. */
export interface Coarsened {
  readonly done: number;
  readonly changed: number;
}

export interface CoarsenOptions {
  /** Write nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** Dead letters whose sizes are read at a time. */
const IDS = 1000;

/** Coarsens the records in dead letters, and what else their payloads quote. Ends early when the signal aborts. */
export async function coarsenDeadLetters(
  sql: Sql,
  { dryRun, signal }: CoarsenOptions,
): Promise<Coarsened> {
  let [done, changed, after] = [0, 0, 0];
  while (!signal.aborted) {
    const ids = await sql<{ id: number; bytes: number }[]>`
      select id::float8 as id, ${sql.unsafe(unpackedSize("payload"))} as bytes from dead_letters
      where id > ${after} and payload is not null order by id limit ${IDS}`;
    const last = ids.at(-1);
    if (last === undefined) break;
    for (const part of inParts(ids)) {
      changed += await alone(sql, (tx) => coarsenPayloads(tx, part.map(({ id }) => id), dryRun));
    }
    done += ids.length;
    after = last.id;
  }
  return { done, changed };
}

interface Letter {
  readonly id: number;
  readonly collection: string | null;
  readonly payload: JsonObject;
}

async function coarsenPayloads(
  tx: TransactionSql,
  ids: readonly number[],
  dryRun: boolean,
): Promise<number> {
  const letters = await tx<Letter[]>`
    select id::float8 as id, collection, payload from dead_letters
    where ${idIn(tx, ids)} and payload is not null`;
  let changed = 0;
  for (const { id, collection, payload } of letters) {
    const coarse = coarsePayload(collection ?? "", payload);
    if (coarse === payload) continue;
    changed++;
    if (!dryRun) await tx`update dead_letters set payload = ${coarse} where id = ${id}`;
  }
  return changed;
}

function coarsePayload(collection: string, payload: JsonObject): JsonObject {
  const { record } = payload;
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    return coarsenStored("", payload).record;
  }
  const coarse = coarsenStored(collection, record as JsonObject).record;
  return coarse === record ? payload : { ...payload, record: coarse };
}

/** A row has at most some ten thousand characters in each of its few texts. */
const ROWS = 50;

/** Coarsens the texts of a collection's hidden rows. Ends early when the signal aborts. */
export async function coarsenHiddenRows(
  sql: Sql,
  { table, columns }: Collection,
  { dryRun, signal }: CoarsenOptions,
): Promise<Coarsened> {
  const texts: readonly RowColumn[] = columns
    .filter(({ type, place }) => !place && ["text", "text[]", "jsonb"].includes(type))
    .flatMap((column) =>
      column.merged ? [column, { ...column, name: authorColumn(column) }] : [column]
    );
  const update = `update ${table} as t set
      ${texts.map((column) => `${column.name} = ${valueOf(column)}`).join(", ")}
    from ${source([...ROW_KEY, ...texts])}
    where ${SAME_ROW} and not t.indexer_live`;
  const select = `select ${
    [...ROW_KEY, ...texts].map(({ name, type }) =>
      type === "text[]" ? `pg_catalog.to_json(${name}) as ${name}` : name
    )
  } from ${table}
    where (record_did, record_rkey) > ($1, $2) and not indexer_live
    order by record_did, record_rkey limit ${ROWS}`;
  let [done, changed, after] = [0, 0, ["", ""]];
  while (!signal.aborted) {
    const rows = await alone(sql, async (tx) => {
      const rows = await tx.unsafe<JsonObject[]>(select, after);
      const coarse = rows.map((row) => coarseRow(row, texts)).filter((row) => row !== null);
      changed += coarse.length;
      if (coarse.length > 0 && !dryRun) {
        await tx.unsafe(update, parametersOf([...ROW_KEY, ...texts], coarse));
      }
      return rows;
    });
    const last = rows.at(-1);
    if (last === undefined) break;
    done += rows.length;
    after = ROW_KEY.map(({ name }) => String(last[name]));
  }
  return { done, changed };
}

/** A row without places in its texts; null when it has none. */
function coarseRow(row: JsonObject, texts: readonly RowColumn[]): JsonObject | null {
  const written = Object.fromEntries(texts.map(({ name }) => [name, row[name] ?? null]));
  const coarse = coarsenStored("", written).record;
  if (coarse === written) return null;
  const kept = texts.map(({ name }) => {
    const [before, after] = [written[name]!, coarse[name]];
    if (after === undefined) return [name, Array.isArray(before) ? [] : {}];
    // What is written in place of a place can be longer, and the column has a limit.
    const isLonger = typeof before === "string" && typeof after === "string" &&
      after.length > before.length;
    return [name, isLonger ? [...after].slice(0, [...before].length).join("") : after];
  });
  return { ...row, ...Object.fromEntries(kept) };
}

/** Runs a transaction while no batch is written. */
function alone<Result>(sql: Sql, run: (tx: TransactionSql) => Promise<Result>): Promise<Result> {
  return sql.begin(async (tx) => {
    await tx`select pg_catalog.pg_advisory_xact_lock(${WRITER_LOCK})`;
    return await run(tx);
  });
}
