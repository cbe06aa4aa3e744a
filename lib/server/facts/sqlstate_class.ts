/** Postgres' codes as label values: the class, from a closed list. */

/** https://www.postgresql.org/docs/current/errcodes-appendix.html; those that a writer can meet. */
const CLASSES: ReadonlySet<string> = new Set([
  "08", // connection
  "0A", // feature not supported
  "22", // data exception
  "23", // constraint violation
  "25", // invalid transaction state
  "28", // authorization
  "3D", // no such database
  "40", // rollback: deadlock, serialization
  "42", // no such table, no privilege
  "53", // too few resources
  "54", // program limit exceeded
  "55", // not in the right state: locked
  "57", // operator intervention: shutdown, timeout
  "58", // system error
  "XX", // internal error
]);

/** Tells Postgres' codes from those of sockets and drivers (`EPIPE`, `CONNECT_TIMEOUT`). */
const SQL_STATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** The class of a code; `unanswered` for none and for that of a socket, `other` where not listed. */
export function sqlStateClass(code: string | null): string {
  if (code === null || !SQL_STATE.test(code)) return "unanswered";
  const start = code.slice(0, 2);
  return CLASSES.has(start) ? start : "other";
}

/** Connection exceptions, and a server that shuts down or is not up yet. */
const AWAY = /^(?:08|57P0[123])/;

/** Whether the database gave no answer, as against having refused something. */
export function isDatabaseAway(code: string | null): boolean {
  return sqlStateClass(code) === "unanswered" || AWAY.test(code ?? "");
}
