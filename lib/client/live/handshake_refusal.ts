import { retryAfterMs } from "../retry_after.ts";
import type { Endpoint } from "../endpoint.ts";
import type { HandshakeRefusedError } from "../socket/handshake.ts";
import { isV1RequestError, printable, readXrpcError } from "../server_message.ts";

/** How to react to a refused handshake. */
export type Refusal =
  /** The cursor is older than the server's live events: the archive has the rest. */
  | { readonly kind: "cursor_too_old"; readonly message: string }
  /** The dictionary was replaced: fetch the new one. */
  | { readonly kind: "unknown_dictionary"; readonly message: string }
  /** The request is invalid and stays so. */
  | { readonly kind: "invalid_request"; readonly message: string }
  /** Temporary: retry later, or elsewhere. */
  | {
    readonly kind: "unavailable";
    readonly message: string;
    /** How long the server asked not to be retried; 0 when it did not say. */
    readonly retryAfterMs: number;
  };

/**
 * Classifies a refused handshake. Only a Jetstream's own answer about the request is final: v2 names its
 * errors in JSON, v1 uses sentences with known beginnings. Everything else is temporary, whatever its status:
 * it comes from a proxy, a load balancer or a maintenance page.
 *
 * @param nowMs the wall clock, Unix milliseconds
 */
export function classifyRefusal(
  endpoint: Endpoint,
  refused: HandshakeRefusedError,
  nowMs: number,
): Refusal {
  const { status, headers, body } = refused;
  const { code, message } = readXrpcError(body);
  const text = `the server answered HTTP ${status}` + (code === null ? "" : ` ${code}`) +
    (message === "" ? "" : `: ${message}`);
  if (status === 400) {
    if (code === "CursorTooOld") return { kind: "cursor_too_old", message: text };
    if (code === "UnknownZstdDictionary") return { kind: "unknown_dictionary", message: text };
    if (code === "InvalidRequest") return { kind: "invalid_request", message: text };
    if (endpoint.protocol === "v1" && isV1RequestError(body)) {
      return { kind: "invalid_request", message: text };
    }
  }
  return {
    kind: "unavailable",
    message: text + adviceFor(status, headers),
    retryAfterMs: retryAfterMs(headers, nowMs) ?? 0,
  };
}

/** What an operator can do about a status that a proxy answers instead of the stream. */
function adviceFor(status: number, headers: Headers): string {
  if (status >= 300 && status < 400) {
    const location = printable(headers.get("location"));
    const where = location === "" ? "" : ` to ${location.split("?", 1)[0]}`;
    return `; it redirects${where}: set JETSTREAM_URL to the final address`;
  }
  if (status === 414 || status === 431) {
    return "; the URL with all WANTED_DIDS is too long for it: use fewer, or a v1 server, " +
      "which takes them in a message";
  }
  return "";
}
