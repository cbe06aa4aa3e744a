/**
 * The parts of a database error that may be logged: its SQLSTATE and the names of schema objects. Never its
 * message, detail or context: Postgres quotes the row there, and the driver keeps the parameters.
 */

import { ConnectionError } from "./connection_error.ts";
import { isSqlState, sqlStateSentence } from "../../sqlstate_table.ts";
import { sqlStateOf } from "./sqlstate.ts";

export interface SafeDatabaseError {
  /** SQLSTATE, a code of the driver, or `unknown`. */
  readonly code: string;
  /** A sentence without values of rows, parameters or credentials. */
  readonly message: string;
}

/** Error fields that hold names of the schema or of the server's own functions. */
const NAMES: readonly (readonly [field: string, label: string])[] = [
  ["schema", "schema"],
  ["table", "table"],
  ["column", "column"],
  ["constraint", "constraint"],
  ["dataType", "type"],
  ["routine", "routine"],
];

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/;

/** The parts of an error that can be logged. */
export function safeDatabaseError(error: unknown): SafeDatabaseError {
  const code = sqlStateOf(error);
  // This message was written here, from the address and the network's error.
  if (error instanceof ConnectionError) return { code, message: error.message };
  if (!isSqlState(code)) {
    const name = error instanceof Error ? error.name : typeof error;
    return { code, message: `the database can't be used (${name}, ${code})` };
  }
  const sentence = sqlStateSentence(code);
  return { code, message: `${sentence} (${["SQLSTATE " + code, ...namesOf(error)].join(", ")})` };
}

function namesOf(error: unknown): string[] {
  const fields = new Map(Object.entries(error instanceof Error ? error : {}));
  return NAMES.flatMap(([field, label]) => {
    const name: unknown = fields.get(field);
    return typeof name === "string" && IDENTIFIER.test(name) ? [`${label} ${name}`] : [];
  });
}
