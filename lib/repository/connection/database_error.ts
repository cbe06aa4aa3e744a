/**
 * The parts of a database error that may be logged: its SQLSTATE and the names of schema objects. Never its
 * message, detail or context: Postgres quotes the row there, and the driver keeps the parameters.
 */

import { ConnectionError } from "./connection_error.ts";
import { sqlStateOf } from "./sqlstate.ts";

export interface SafeDatabaseError {
  /** SQLSTATE, a code of the driver, or `unknown`. */
  readonly code: string;
  /** A sentence without values of rows, parameters or credentials. */
  readonly message: string;
}

/** By class: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const SENTENCES: Readonly<Record<string, string>> = {
  "08": "the connection to the database failed",
  "0A": "the database does not support the statement",
  "22": "the database can't store a value",
  "23": "the database refused a row that breaks a constraint",
  "25": "the transaction is in the wrong state",
  "28": "the database refused the login",
  "3D": "there is no database of that name",
  "40": "the database rolled the transaction back for the sake of another",
  "42": "the database does not know what the statement names, or this role may not use it",
  "53": "the database has too few resources",
  "54": "a limit of the database is exceeded",
  "55": "the database is not in the right state for the statement",
  "57": "the database ended the statement",
  "58": "the system under the database failed",
};

/** Error fields that hold names of the schema or of the server's own functions. */
const NAMES: readonly (readonly [field: string, label: string])[] = [
  ["schema", "schema"],
  ["table", "table"],
  ["column", "column"],
  ["constraint", "constraint"],
  ["dataType", "type"],
  ["routine", "routine"],
];

export const SQL_STATE = /^[0-9A-Z]{5}$/;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/;

/** The parts of an error that can be logged. */
export function safeDatabaseError(error: unknown): SafeDatabaseError {
  const code = sqlStateOf(error);
  // This message was written here, from the address and the network's error.
  if (error instanceof ConnectionError) return { code, message: error.message };
  if (!SQL_STATE.test(code)) {
    const name = error instanceof Error ? error.name : typeof error;
    return { code, message: `the database can't be used (${name}, ${code})` };
  }
  const sentence = SENTENCES[code.slice(0, 2)] ?? "the database failed";
  return { code, message: `${sentence} (${["SQLSTATE " + code, ...namesOf(error)].join(", ")})` };
}

function namesOf(error: unknown): string[] {
  const fields = new Map(Object.entries(error instanceof Error ? error : {}));
  return NAMES.flatMap(([field, label]) => {
    const name: unknown = fields.get(field);
    return typeof name === "string" && IDENTIFIER.test(name) ? [`${label} ${name}`] : [];
  });
}
