/** The server's own words about why it ends a stream. */

import type { Failure } from "./event.ts";

/** Words that go to logs: bounded, and nothing that could forge a line. */
export function readFailure(error: string, message: unknown): Failure {
  const words = typeof message === "string" ? message.slice(0, 300) : "";
  return {
    kind: "failure",
    error: error.slice(0, 64).replace(/[^A-Za-z0-9]/g, "") || "unnamed",
    message: words.replace(/[^\x20-\x7e]/g, "?") || null,
  };
}
