/** The server's own notices about the stream. */

import type { Notice } from "../event.ts";

/** Text for logs: bounded, without characters that could forge a line. */
export function readNotice(code: unknown, message: unknown): Notice {
  const name = typeof code === "string" ? code : "";
  const words = typeof message === "string" ? message.slice(0, 300) : "";
  return {
    kind: "notice",
    code: name.slice(0, 64).replace(/[^A-Za-z0-9]/g, "") || "unnamed",
    message: words.replace(/[^\x20-\x7e]/g, "?") || null,
  };
}
