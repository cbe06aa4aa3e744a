/**
 * Uncaught errors. The runtime would print all properties of an error, and a driver's error contains the row
 * that the database rejected.
 */

import { describeError } from "./describe_error.ts";
import { redactor } from "./redaction.ts";

/** One line about anything that was thrown, without secrets and details. */
export function errorText(thrown: unknown, secrets: readonly string[]): string {
  const described = describeError(thrown, redactor(secrets));
  return String(described["message"]);
}

/** From now on an uncaught error is printed in one line and ends the process with 1. */
export function endOnUncaught(secrets: readonly string[], complain: (line: string) => void): void {
  const end = (event: Event, thrown: unknown): never => {
    event.preventDefault();
    complain(`jetstream-indexer: unexpected: ${errorText(thrown, secrets)}`);
    Deno.exit(1);
  };
  globalThis.addEventListener("error", (event) => end(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => end(event, event.reason));
}
