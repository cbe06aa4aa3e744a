/**
 * The text of a server's refusal. It can contain anything: a proxy's page, a record, or our own request with
 * the key. An operator needs to read it, so it is kept, but only for display.
 */

/** Names and sentences of real servers are shorter. */
const MAX_CHARS = 300;

/** Line breaks and terminal control characters. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/** Characters that are invisible or change the text direction, lone surrogates, and unassigned characters. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]+/gu;

/**
 * One bounded line, safe for a log. It ends with a whole word, because redaction would not recognise half of
 * a secret.
 */
export function printable(text: unknown): string {
  if (typeof text !== "string") return "";
  // Invisible characters are removed without a gap; otherwise a secret containing one would pass redaction.
  const line = text.replace(INVISIBLE, "").replace(CONTROLS, " ").trim();
  if (line.length <= MAX_CHARS) return line;
  const words = line.slice(0, MAX_CHARS + 1);
  return `${words.slice(0, Math.max(0, words.lastIndexOf(" ")))}…`;
}

/** An error in the JSON form of XRPC servers. */
export interface XrpcError {
  /** Null when the body has none: then it comes from a proxy. */
  readonly code: string | null;
  /** For a person. */
  readonly message: string;
}

const CODE = /^[A-Za-z]\w{0,63}$/;

/** Parses the body of a refusal. If it is not XRPC's, the message is the text itself. */
export function readXrpcError(body: string): XrpcError {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && Object.hasOwn(value, "error")) {
      const { error, message } = value as { error: unknown; message?: unknown };
      if (typeof error === "string" && CODE.test(error)) {
        return { code: error, message: printable(message) };
      }
    }
  } catch {
    // Not JSON.
  }
  return { code: null, message: printable(body) };
}

/** How v1 servers, of both generations, begin a sentence about the request. */
const V1_REQUEST_ERROR =
  /^\s*(?:failed to parse subscriber options: )?(?:(?:subscribe: )?invalid (?:options|subscriber options|cursor)\b|choose one compression scheme\b)/;

/** Whether a v1 server says that the request is invalid, in the body of a 400 or the reason of a close. */
export function isV1RequestError(text: string): boolean {
  return V1_REQUEST_ERROR.test(text);
}
