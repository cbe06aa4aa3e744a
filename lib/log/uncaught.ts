/**
 * What nobody caught. The runtime would print everything that an error carries along, and a driver's
 * carries the row that the database refused.
 */

import { describeError } from "./error.ts";
import { redactor } from "./redaction.ts";

/** One line about anything that was thrown, without what these secrets and its details would tell. */
export function tellError(thrown: unknown, secrets: readonly string[]): string {
  const told = describeError(thrown, redactor(secrets));
  return String(told["message"]);
}

/** From now on what nobody catches is told in one line, and ends the process with 1. */
export function endOnUncaught(secrets: readonly string[], complain: (line: string) => void): void {
  const end = (event: Event, thrown: unknown): never => {
    event.preventDefault();
    complain(`jetstream-indexer: unexpected: ${tellError(thrown, secrets)}`);
    Deno.exit(1);
  };
  globalThis.addEventListener("error", (event) => end(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => end(event, event.reason));
}
