/** What a database error asks of us: the one place where SQLSTATEs are judged. */

import { StoreError } from "./store.ts";

/**
 * - `rows`: some row was refused; the others can be written without it.
 * - `away`: the database can't work now; the batch is tried again until it can.
 */
export type Failure = "rows" | "away";

/**
 * Classes that a single row can cause: data exceptions, violated constraints, program limits (an
 * index entry that is too large), errors raised by functions, and internal errors, which is what
 * PostGIS raises.
 */
const ROW_CLASSES = new Set(["22", "23", "54", "P0", "XX"]);

/** Constraints that are checked at the commit name no row. */
const CONSTRAINT_CLASS = "23";

/** Judges what a batch failed with. */
export function judgeFailure(error: unknown): Failure {
  const sqlStateClass = sqlStateOf(error).slice(0, 2);
  const isRows = error instanceof StoreError
    ? ROW_CLASSES.has(sqlStateClass)
    : sqlStateClass === CONSTRAINT_CLASS;
  return isRows ? "rows" : "away";
}

/** Whether a row could not be inserted because one with its key is there. */
export function isThere(error: unknown): boolean {
  return sqlStateOf(error) === "23505";
}

/** The SQLSTATE of a Postgres error, or the code of a connection error; `unknown` without one. */
export function sqlStateOf(error: unknown): string {
  if (error instanceof StoreError) return sqlStateOf(error.cause);
  if (typeof error === "object" && error !== null && "code" in error) {
    if (typeof error.code === "string" && error.code !== "") return error.code;
  }
  return "unknown";
}
