/** An error in a log line: its name, message and code, never its other properties. */

import { sqlStateIs } from "../sqlstate_table.ts";
import type { Redact } from "./redaction.ts";

/** An error as fields of a line. */
export interface ErrorFields {
  readonly [key: string]: string | ErrorFields;
}

/** Deep causes tell little, and circular ones never end. */
const MAX_DEPTH = 4;

const MAX_MESSAGE = 500;

/**
 * Describes anything that was thrown. Only `name`, `message`, `code` and causes are read: a driver's
 * error also carries the query, its parameters and the row.
 */
export function describeError(
  thrown: unknown,
  redact: Redact,
  depth = 0,
): ErrorFields {
  if (!(thrown instanceof Error)) {
    const message = typeof thrown === "string" ? shorten(redact(thrown)) : `[${typeof thrown}]`;
    return { name: "unknown", message };
  }
  const code = codeOf(thrown);
  const fields: Record<string, string | ErrorFields> = {
    name: redact(thrown.name),
    message: sqlStateIs(code ?? "", "quotes values")
      ? "the database rejected a value"
      : shorten(redact(thrown.message)),
  };
  if (code !== undefined) fields["code"] = redact(code);
  const cause = thrown instanceof AggregateError ? thrown.errors[0] : thrown.cause;
  if (cause !== undefined && depth < MAX_DEPTH) {
    fields["cause"] = describeError(cause, redact, depth + 1);
  }
  return fields;
}

function codeOf(error: Error): string | undefined {
  const code: unknown = "code" in error ? error.code : undefined;
  if (typeof code === "string") return code.slice(0, 40);
  return typeof code === "number" ? String(code) : undefined;
}

function shorten(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}
