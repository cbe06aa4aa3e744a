/**
 * One bounded GET. `fetch` can't be told which addresses of a name are allowed: this asks `node:http`, with a
 * look-up that refuses private ones, so that the address that was checked is the one that is connected to.
 */

import { lookup, type LookupAddress } from "node:dns";
import type { IncomingMessage } from "node:http";
import http from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPrivateAddress } from "./private_address.ts";
import { SourceError } from "./source_error.ts";

export interface GetOptions {
  /** Private addresses may be asked, and http too. */
  readonly allowPrivate: boolean;
  /** Most bytes of a body. */
  readonly maxBytes: number;
  /** For the whole answer, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly accept?: string;
}

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

const AGENT = "jetstream-indexer";

/** Asks once, follows no redirect. Throws a `SourceError`, or the reason of the signal. */
export async function get(url: URL, options: GetOptions): Promise<Got> {
  options.signal.throwIfAborted();
  refuseUnlessPublic(url, options.allowPrivate);
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  try {
    const answer = await answerOf(url, options, limit);
    const status = answer.statusCode ?? 0;
    const headers = headersOf(answer);
    if (status >= 300 && status < 400) {
      answer.destroy();
      const to = headers.get("location") ?? "nowhere";
      throw new SourceError(
        "unreachable",
        `cannot read ${url.host}: it redirects to ${to.slice(0, 200)}`,
      );
    }
    return { status, headers, body: await bodyOf(url, answer, options.maxBytes) };
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    const why = limit.aborted ? `no whole answer within ${options.timeoutMs} ms` : reasonOf(error);
    throw new SourceError("unreachable", `cannot read ${url.host}: ${why}`, { cause: error });
  }
}

function refuseUnlessPublic(url: URL, allowPrivate: boolean): void {
  if (allowPrivate && (url.protocol === "http:" || url.protocol === "https:")) return;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol !== "https:") {
    throw new SourceError("refused", `cannot read ${url.protocol}//${url.host}: expected https`);
  }
  if (isIP(host) !== 0 && isPrivateAddress(host)) throw privateHost(url.host);
}

function privateHost(host: string): SourceError {
  return new SourceError(
    "refused",
    `cannot read ${host}: its address is private; RECONCILE_ALLOW_PRIVATE=true allows that`,
  );
}

function answerOf(
  url: URL,
  { allowPrivate, accept = "*/*" }: GetOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (url.protocol === "https:" ? https : http).get(url, {
    agent: false,
    headers: { accept, "user-agent": AGENT },
    signal,
    ...(allowPrivate ? {} : { lookup: publicLookup }),
  });
  request.on("response", resolve);
  request.on("error", reject);
  return promise;
}

/** Tells of a name only if all its addresses are public. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const addresses: LookupAddress[] = found ?? [];
    if (error !== null) return callback(error, "", 4);
    if (addresses.length === 0 || addresses.some(({ address }) => isPrivateAddress(address))) {
      return callback(privateHost(hostname), "", 4);
    }
    if (options.all === true) return callback(null, addresses);
    const [first] = addresses;
    callback(null, first?.address ?? "", first?.family);
  });
};

function headersOf({ headers }: IncomingMessage): Headers {
  const found = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) found.set(name, String(value));
  }
  return found;
}

async function bodyOf(
  url: URL,
  answer: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      answer.destroy();
      throw new SourceError("too_large", `cannot read ${url.host}: more than ${maxBytes} bytes`);
    }
    chunks.push(new Uint8Array(chunk));
  }
  const declared = Number(answer.headers["content-length"] ?? bytes);
  if (declared !== bytes) throw new Error(`got ${bytes} of ${declared} bytes`);
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
