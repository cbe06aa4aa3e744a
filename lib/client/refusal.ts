import type { Endpoint } from "./endpoint.ts";
import type { HandshakeRefusedError } from "./handshake.ts";

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

const MAX_MESSAGE_CHARS = 300;

/**
 * Reads a refused handshake. v2 names its errors in JSON, and only the name is trusted. v1 explains in
 * text and uses 400 for nothing but a wrong request. Everything else may pass: a proxy's
 * 404 during a deployment looks like any other.
 */
export function classifyRefusal(endpoint: Endpoint, refused: HandshakeRefusedError): Refusal {
  const { status, headers, body } = refused;
  const { error, message } = parseXrpcError(body);
  const said = printable(message ?? body);
  const text = `the server answered HTTP ${status}` + (error === null ? "" : ` ${error}`) +
    (said === "" ? "" : `: ${said}`);
  if (status === 400) {
    if (error === "CursorTooOld") return { kind: "cursor_too_old", message: text };
    if (error === "UnknownZstdDictionary") return { kind: "unknown_dictionary", message: text };
    if (error === "InvalidRequest" || endpoint.protocol === "v1") {
      return { kind: "invalid_request", message: text };
    }
  }
  return { kind: "unavailable", message: text, retryAfterMs: retryAfterMs(headers) };
}

function parseXrpcError(body: string): { error: string | null; message: string | null } {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && Object.hasOwn(value, "error")) {
      const { error, message } = value as { error: unknown; message?: unknown };
      if (typeof error === "string") {
        return { error: printable(error), message: typeof message === "string" ? message : "" };
      }
    }
  } catch {
    // Not JSON: the body itself is all there is to say.
  }
  return { error: null, message: null };
}

/** One bounded line without control characters, fit for a log. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").trim().slice(0, MAX_MESSAGE_CHARS);
}

function retryAfterMs(headers: Headers): number | null {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : null;
}
