import type { Clock } from "../clock.ts";
import { fetchSameOrigin } from "../same_origin_fetch.ts";
import { LinkedAbort } from "../linked_abort.ts";
import { readXrpcError, type XrpcError } from "../server_message.ts";

/** One request to the archive. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The only status that counts as success. */
  readonly expects: 200 | 206;
  /** A longer body is not read to its end. */
  readonly maxBytes: number;
}

export interface HttpAnswer {
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/** The server answered with an unexpected status. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: Headers;
  /** The `error` of an XRPC server's JSON; null when the body is something else. */
  readonly code: string | null;

  constructor(status: number, headers: Headers, code: string | null, message: string) {
    const said = [code, message].filter((part) => part !== null && part !== "").join(": ");
    super(`the server answered HTTP ${status}${said === "" ? "" : ` ${said}`}`);
    this.status = status;
    this.headers = headers;
    this.code = code;
  }
}

/** The answer is longer than allowed. */
export class LongAnswerError extends Error {
  override readonly name = "LongAnswerError";

  constructor(maxBytes: number) {
    super(`got more than ${maxBytes} bytes`);
  }
}

/** Silence after which the peer counts as gone, milliseconds. */
export const IDLE_MS = 30_000;

/** Limit for a whole answer of a few megabytes: a slower peer is not usable. */
export const TOTAL_MS = 10 * 60_000;

const MAX_ERROR_BYTES = 16 * 1024;

/** What a request needs from outside. */
export interface HttpOptions {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Sends a request once and reads the whole answer.
 *
 * @throws {HttpError} for any status but the expected one
 * @throws {Error} when the answer does not come, stalls, is cut off or is too long; the reason of `signal`
 * when that aborts
 */
export async function send(request: HttpRequest, options: HttpOptions): Promise<HttpAnswer> {
  const { clock, signal } = options;
  signal.throwIfAborted();
  using linked = new LinkedAbort(signal);
  const giveUp = (ms: number) => (): void => {
    linked.abort(new Error(`the server was silent or too slow for ${ms / 1000} s`));
  };
  const cancelTotal = clock.setTimer(giveUp(TOTAL_MS), TOTAL_MS);
  let cancelIdle = clock.setTimer(giveUp(IDLE_MS), IDLE_MS);
  const alive = (): void => {
    cancelIdle();
    cancelIdle = clock.setTimer(giveUp(IDLE_MS), IDLE_MS);
  };
  try {
    const response = await fetchSameOrigin(options.fetch, request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      signal: linked.signal,
    });
    alive();
    return await answerOf(response, request, alive);
  } finally {
    cancelTotal();
    cancelIdle();
  }
}

async function answerOf(
  response: Response,
  request: HttpRequest,
  alive: () => void,
): Promise<HttpAnswer> {
  const { status, headers } = response;
  if (status !== request.expects) {
    // The body of a success is the file itself: useless here, and possibly a gigabyte.
    const body = response.ok ? (await response.body?.cancel(), null) : await errorBody(response);
    throw new HttpError(status, headers, body?.code ?? null, body?.message ?? "");
  }
  const { bytes, whole } = await readBody(response, request.maxBytes, alive);
  if (!whole) throw new LongAnswerError(request.maxBytes);
  return { headers, bytes };
}

async function readBody(
  response: Response,
  maxBytes: number,
  alive: () => void,
): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the body.
  for await (const part of response.body ?? []) {
    alive();
    parts.push(part);
    length += part.length;
    if (length > maxBytes) break;
  }
  if (parts.length === 1 && length <= maxBytes) return { bytes: parts[0]!, whole: true };
  const bytes = new Uint8Array(Math.min(length, maxBytes));
  let at = 0;
  for (const part of parts) {
    const fitting = part.subarray(0, bytes.length - at);
    bytes.set(fitting, at);
    at += fitting.length;
  }
  return { bytes, whole: length <= maxBytes };
}

async function errorBody(response: Response): Promise<XrpcError> {
  const { bytes } = await readBody(response, MAX_ERROR_BYTES, () => {});
  return readXrpcError(new TextDecoder().decode(bytes));
}
