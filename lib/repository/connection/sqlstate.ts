/** How to react to a database error. What its SQLSTATE means is in `sqlstate_table.ts`. */

import { SQLSTATE, sqlStateIs } from "../../sqlstate_table.ts";
import { StoreError } from "../tables/bulk_write.ts";

/**
 * - `rows`: a row was rejected; the others can be written without it.
 * - `away`: the database is unavailable; the batch is retried.
 */
export type FailureCause = "rows" | "away";

/**
 * An internal error is a row's fault when PostGIS or a trigger raised it, which the source file in the error
 * tells. All other internal errors, and damaged data (XX001, XX002), are the server's fault: no record may be
 * rejected for them.
 */
const RAISED_FOR_ROW = /^(lwgeom|gserialized|geography|geometry|postgis|pl_exec)/;

/** Classifies the error of a batch. */
export function judgeFailure(error: unknown): FailureCause {
  const sqlState = sqlStateOf(error);
  if (!(error instanceof StoreError)) {
    return sqlStateIs(sqlState, "row at commit") ? "rows" : "away";
  }
  const isRows = sqlState === SQLSTATE.internalError
    ? RAISED_FOR_ROW.test(sourceFileOf(error.cause))
    : sqlStateIs(sqlState, "row");
  return isRows ? "rows" : "away";
}

function sourceFileOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("file" in error)) return "";
  return typeof error.file === "string" ? error.file : "";
}

/** Whether an insert failed because a row with that key exists. */
export function isThere(error: unknown): boolean {
  return sqlStateOf(error) === SQLSTATE.uniqueViolation;
}

/** The SQLSTATE of a Postgres error, or the code of a connection error; `unknown` without one. */
export function sqlStateOf(error: unknown): string {
  if (error instanceof StoreError) return sqlStateOf(error.cause);
  if (typeof error === "object" && error !== null && "code" in error) {
    if (typeof error.code === "string" && error.code !== "") return error.code;
  }
  return "unknown";
}
