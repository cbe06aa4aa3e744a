/**
 * Finds the rows of a bulk write that Postgres rejects, by splitting the write in a transaction that is
 * rolled back. Afterwards the batch runs again from the start without those rows.
 */

import type { Row } from "../../mapper/collection.ts";
import type { Sql, TransactionSql } from "../connection/sql.ts";
import { type BulkWrite, StoreError } from "../tables/bulk_write.ts";
import { send } from "../fold/store.ts";
import { judgeFailure, sqlStateOf } from "../connection/sqlstate.ts";

/** A rejected row, and its SQLSTATE. */
export interface RefusedRow {
  readonly row: Row;
  readonly sqlState: string;
}

class Rollback extends Error {}

/**
 * The rejected rows. Empty when all are accepted this time. Throws when the database is unavailable. `alive`
 * is called before each query: when all rows are rejected, there are twice as many queries as rows.
 */
export async function findRefusedRows(
  sql: Sql,
  write: BulkWrite,
  alive: () => void,
): Promise<RefusedRow[]> {
  const refused: RefusedRow[] = [];
  try {
    await sql.begin(async (tx) => {
      await search(tx, write, refused, alive);
      throw new Rollback();
    });
  } catch (error) {
    if (!(error instanceof Rollback)) throw error;
  }
  return refused;
}

async function search(
  tx: TransactionSql,
  write: BulkWrite,
  refused: RefusedRow[],
  alive: () => void,
): Promise<void> {
  const { rows } = write;
  alive();
  try {
    await tx.savepoint((inner) => send(inner, write));
  } catch (cause) {
    const error = new StoreError(write, cause);
    if (judgeFailure(error) === "away") throw error;
    const [row] = rows;
    if (rows.length === 1 && row !== undefined) {
      refused.push({ row, sqlState: sqlStateOf(cause) });
      return;
    }
    const half = Math.ceil(rows.length / 2);
    await search(tx, { ...write, rows: rows.slice(0, half) }, refused, alive);
    await search(tx, { ...write, rows: rows.slice(half) }, refused, alive);
  }
}
