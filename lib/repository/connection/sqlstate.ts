/** How to react to a database error: the only place that interprets SQLSTATEs. */

import { StoreError } from "../tables/bulk_write.ts";

/**
 * - `rows`: a row was rejected; the others can be written without it.
 * - `away`: the database is unavailable; the batch is retried.
 */
export type Failure = "rows" | "away";

/**
 * Classes that a single row can cause: data exceptions, violated constraints, program limits (an index entry
 * that is too large), errors raised by functions.
 */
const ROW_CLASSES = new Set(["22", "23", "54", "P0"]);

/**
 * An internal error is a row's fault when PostGIS or a trigger raised it, which the source file in the error
 * tells. All other internal errors, and damaged data (XX001, XX002), are the server's fault: no record may be
 * rejected for them.
 */
const INTERNAL_ERROR = "XX000";
const RAISED_FOR_ROW = /^(lwgeom|gserialized|geography|geometry|postgis|pl_exec)/;

/** Constraints that are checked at the commit name no row. */
const CONSTRAINT_CLASS = "23";

/** Classifies the error of a batch. */
export function judgeFailure(error: unknown): Failure {
  const sqlState = sqlStateOf(error);
  const sqlStateClass = sqlState.slice(0, 2);
  if (!(error instanceof StoreError)) return sqlStateClass === CONSTRAINT_CLASS ? "rows" : "away";
  const isRows = sqlState === INTERNAL_ERROR
    ? RAISED_FOR_ROW.test(sourceFileOf(error.cause))
    : ROW_CLASSES.has(sqlStateClass);
  return isRows ? "rows" : "away";
}

function sourceFileOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("file" in error)) return "";
  return typeof error.file === "string" ? error.file : "";
}

/** Whether an insert failed because a row with that key exists. */
export function isThere(error: unknown): boolean {
  return sqlStateOf(error) === "23505";
}

/** Whether the error is a deadlock: the transaction is run again at once. */
export function isCrossing(sqlState: string): boolean {
  return sqlState === "40P01" || sqlState === "40001";
}

/** The SQLSTATE of a Postgres error, or the code of a connection error; `unknown` without one. */
export function sqlStateOf(error: unknown): string {
  if (error instanceof StoreError) return sqlStateOf(error.cause);
  if (typeof error === "object" && error !== null && "code" in error) {
    if (typeof error.code === "string" && error.code !== "") return error.code;
  }
  return "unknown";
}
