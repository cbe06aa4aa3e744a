import type { Endpoint } from "./endpoint.ts";
import type { HandshakeRefusedError } from "./handshake.ts";
import { readXrpcError } from "./server_words.ts";

/** What to do about a refused handshake, by the next step. */
export type Refusal =
  /** The cursor is older than all that the server has live: the archive has the rest. */
  | { readonly kind: "cursor_too_old"; readonly message: string }
  /** The dictionary was replaced: fetch the new one. */
  | { readonly kind: "unknown_dictionary"; readonly message: string }
  /** The request is wrong and stays so. */
  | { readonly kind: "invalid_request"; readonly message: string }
  /** Not now: try again later, or elsewhere. */
  | {
    readonly kind: "unavailable";
    readonly message: string;
    /** How long the server wants to be left alone, when it says so. */
    readonly retryAfterMs: number | null;
  };

/**
 * Reads a refused handshake. v2 names its errors in JSON, and only the name is trusted. v1 explains in
 * text and uses 400 for nothing but a wrong request. Everything else may pass: a proxy's
 * 404 during a deployment looks like any other.
 */
export function classifyRefusal(endpoint: Endpoint, refused: HandshakeRefusedError): Refusal {
  const { status, headers, body } = refused;
  const { code, message } = readXrpcError(body);
  const text = `the server answered HTTP ${status}` + (code === null ? "" : ` ${code}`) +
    (message === "" ? "" : `: ${message}`);
  if (status === 400) {
    if (code === "CursorTooOld") return { kind: "cursor_too_old", message: text };
    if (code === "UnknownZstdDictionary") return { kind: "unknown_dictionary", message: text };
    if (code === "InvalidRequest" || endpoint.protocol === "v1") {
      return { kind: "invalid_request", message: text };
    }
  }
  return { kind: "unavailable", message: text, retryAfterMs: retryAfterMs(headers) };
}

function retryAfterMs(headers: Headers): number | null {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : null;
}
