/**
 * One bounded GET. `fetch` can't restrict the addresses of a name: this connects by itself, so that the
 * checked address is the one that is used.
 */

import { isIP } from "node:net";
import { closeQuietly, writeAll } from "../byte_stream.ts";
import { type AnswerHead, AnswerReader } from "../client/socket/answer_reader.ts";
import { connectToAny, systemNetwork, type Target } from "../client/socket/connect.ts";
import { closedOnAbort, open } from "../client/socket/dial.ts";
import { isPrivateAddress } from "./private_address.ts";
import { SourceError } from "./source_error.ts";

export interface GetOptions {
  /** Allow private addresses, and http. */
  readonly allowPrivate: boolean;
  /** Certificates (PEM) trusted in addition to those of the system. */
  readonly rootCertificates?: readonly string[];
  /** Limit for the body, bytes. */
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

/** One attempt, without following redirects. Throws a `SourceError`, or the reason of the signal. */
export async function get(url: URL, options: GetOptions): Promise<Got> {
  options.signal.throwIfAborted();
  refuseUnlessPublic(url, options.allowPrivate);
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  try {
    const { rootCertificates = [], allowPrivate } = options;
    const connectTo = allowPrivate ? undefined : connectToPublic;
    const conn = await open(url, rootCertificates, limit, connectTo);
    try {
      return await closedOnAbort(conn, limit, () => ask(conn, url, options));
    } finally {
      closeQuietly(conn);
    }
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    const why = limit.aborted ? `no whole answer within ${options.timeoutMs} ms` : reasonOf(error);
    const { host } = url;
    throw new SourceError("unreachable", `cannot read ${host}: ${why}`, { cause: error, host });
  }
}

async function ask(conn: Deno.Conn, url: URL, options: GetOptions): Promise<Got> {
  await writeAll(conn, new TextEncoder().encode(requestOf(url, options.accept ?? "*/*")));
  const reader = new AnswerReader(conn);
  const head = await reader.head();
  const { status, headers } = head;
  if (status >= 300 && status < 400) {
    // The address is not quoted: it can hold a place.
    throw new SourceError("unreachable", `cannot read ${url.host}: it redirects`);
  }
  return { status, headers, body: await bodyOf(url, reader, head, options.maxBytes) };
}

function requestOf({ pathname, search, host }: URL, accept: string): string {
  return [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    `Accept: ${accept}`,
    "Accept-Encoding: identity",
    `User-Agent: ${AGENT}`,
    "Connection: close",
  ].join("\r\n") + "\r\n\r\n";
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

/** Connects to a name only if all its addresses are public. */
async function connectToPublic(
  { hostname, port }: Target,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  const addresses = isIP(hostname) !== 0
    ? [hostname]
    : await systemNetwork.addressesOf(hostname, signal);
  if (addresses.length === 0) throw new Error("DNS has no address for it");
  if (addresses.some(isPrivateAddress)) throw privateHost(hostname);
  return await connectToAny(addresses, port, signal);
}

async function bodyOf(
  url: URL,
  reader: AnswerReader,
  head: AnswerHead,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const part of reader.body(head)) {
    bytes += part.length;
    if (bytes > maxBytes) {
      throw new SourceError("too_large", `cannot read ${url.host}: more than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
