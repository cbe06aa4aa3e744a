/**
 * What Postgres' codes (SQLSTATEs) mean to this program, in one table:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */

/**
 * - `row`: a single row can cause it; the other rows can be written without that one.
 * - `row at commit`: the same, but it may appear only at the commit, which names no row.
 * - `conflict`: a deadlock or serialization failure: the transaction is run again at once.
 * - `unavailable`: the server gave no answer, as opposed to refusing the statement.
 * - `unfit session`: the connection is replaced, because the next one may work.
 * - `unprepared`: prepared statements are lost or belong to another session: there is a pooler in between.
 * - `wrong address`: trying another host is useless.
 * - `quotes values`: the message may quote a row, so it must not be logged.
 */
export type SqlStateTrait =
  | "row"
  | "row at commit"
  | "conflict"
  | "unavailable"
  | "unfit session"
  | "unprepared"
  | "wrong address"
  | "quotes values";

type Entry = readonly [
  start: string,
  /** What may be logged about the class. Null: the class has no label in the metrics. */
  sentence: string | null,
  ...traits: SqlStateTrait[],
];

/** A code has the traits of each entry that it starts with. */
const TABLE: readonly Entry[] = [
  ["08", "the connection to the database failed", "unavailable", "unfit session"],
  // Also a plan that no longer fits its tables.
  ["0A", "the database does not support the statement", "unfit session"],
  ["20", null, "quotes values"],
  ["21", null, "quotes values"],
  ["22", "the database can't store a value", "row", "quotes values"],
  [
    "23",
    "the database rejected a row that violates a constraint",
    "row",
    "row at commit",
    "quotes values",
  ],
  ["24", null, "quotes values"],
  ["25", "the transaction is in the wrong state"],
  // A read-only server: a former primary.
  ["25006", null, "unfit session"],
  ["26", null, "unfit session"],
  ["26000", null, "unprepared"],
  ["28", "the database rejected the login", "wrong address"],
  ["2F", null, "quotes values"],
  ["38", null, "quotes values"],
  ["39", null, "quotes values"],
  ["3D", "there is no database of that name", "wrong address"],
  ["40", "the database rolled the transaction back because of a concurrent one"],
  ["40001", null, "conflict"],
  ["40P01", null, "conflict"],
  ["42", "the database does not know what the statement names, or this role may not use it"],
  ["42P05", null, "unfit session", "unprepared"],
  ["44", null, "quotes values"],
  ["53", "the database has too few resources", "unfit session"],
  // Also an index entry that is too large.
  ["54", "a limit of the database is exceeded", "row", "quotes values"],
  ["55", "the database is not in the right state for the statement"],
  ["57", "the database ended the statement"],
  ["57P", null, "unfit session"],
  // The server is shutting down or starting.
  ["57P01", null, "unavailable"],
  ["57P02", null, "unavailable"],
  ["57P03", null, "unavailable"],
  ["58", "the operating system under the database failed", "unfit session"],
  ["F0", null, "quotes values"],
  ["HV", null, "quotes values"],
  // What functions and triggers raise.
  ["P0", null, "row", "quotes values"],
  // Internal errors, which is also what PostGIS raises.
  ["XX", "the database failed", "quotes values"],
  // Damaged data.
  ["XX001", null, "unfit session"],
  ["XX002", null, "unfit session"],
];

/** Single codes, by Postgres' names for them. */
export const SQLSTATE = {
  unableToConnect: "08001",
  connectionFailure: "08006",
  protocolViolation: "08P01",
  featureNotSupported: "0A000",
  uniqueViolation: "23505",
  readOnlyTransaction: "25006",
  inFailedTransaction: "25P02",
  idleInTransactionTimeout: "25P03",
  invalidAuthorization: "28000",
  invalidPassword: "28P01",
  noSuchDatabase: "3D000",
  insufficientPrivilege: "42501",
  undefinedTable: "42P01",
  tooManyConnections: "53300",
  undefinedFile: "58P01",
  internalError: "XX000",
} as const;

/** Tells SQLSTATEs from the codes of sockets and drivers (`EPIPE`, `CONNECT_TIMEOUT`). */
export function isSqlState(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code);
}

/** Whether a code has a trait. */
export function sqlStateIs(code: string, trait: SqlStateTrait): boolean {
  return code.length === 5 &&
    TABLE.some(([start, , ...traits]) => code.startsWith(start) && traits.includes(trait));
}

/** A sentence about a code that holds no value of a row. */
export function sqlStateSentence(code: string): string {
  return sentenceOf(code) ?? "the database failed";
}

/** The class of a code; `unanswered` without one and for a socket's code, `other` for a class that has no sentence. */
export function sqlStateClass(code: string | null): string {
  if (code === null || !isSqlState(code)) return "unanswered";
  return sentenceOf(code) === null ? "other" : code.slice(0, 2);
}

/** Whether the database gave no answer, as opposed to refusing the statement. */
export function isUnanswered(code: string | null): boolean {
  return code === null || !isSqlState(code) || sqlStateIs(code, "unavailable");
}

function sentenceOf(code: string): string | null {
  return TABLE.find(([start]) => start === code.slice(0, 2))?.[1] ?? null;
}
