/**
 * What a server says when it refuses. It may be anybody's: a proxy's page, a record, or what we sent, the
 * key included. An operator needs to read it, so it is not dropped, and nothing else is done with it.
 */

/** Names and sentences of honest servers are shorter. */
const MAX_CHARS = 300;

/** Breaks of lines, and all else that moves a terminal. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/** What can't be seen, or turns the direction of writing; halves of characters, and what is none. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]+/gu;

/**
 * One bounded line, fit for a log. It ends with a whole word: half of a secret is one that the
 * log's redaction would not know.
 */
export function printable(text: unknown): string {
  if (typeof text !== "string") return "";
  // Invisible characters go without a gap, or a secret with one inside would pass the redaction too.
  const line = text.replace(INVISIBLE, "").replace(CONTROLS, " ").trim();
  if (line.length <= MAX_CHARS) return line;
  const words = line.slice(0, MAX_CHARS + 1);
  return `${words.slice(0, Math.max(0, words.lastIndexOf(" ")))}…`;
}

/** An error as XRPC servers name theirs, in JSON. */
export interface XrpcError {
  /** Null when the body is none: then it comes from something in between. */
  readonly code: string | null;
  /** For a person. */
  readonly message: string;
}

const CODE = /^[A-Za-z]\w{0,63}$/;

/** Reads the body of a refusal. Of one that is not XRPC's, the text itself is all there is to say. */
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

/** How v1 servers, of the first generation and of the second, begin a sentence about the request. */
const V1_REQUEST_ERROR =
  /^\s*(?:failed to parse subscriber options: )?(?:(?:subscribe: )?invalid (?:options|subscriber options|cursor)\b|choose one compression scheme\b)/;

/** Whether a v1 server says that the request is wrong, in the body of a 400 or the reason of a close. */
export function isV1RequestError(text: string): boolean {
  return V1_REQUEST_ERROR.test(text);
}
