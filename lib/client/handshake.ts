import type { Subscription } from "./subscription.ts";

/** The server answered the upgrade with something else than 101. */
export class HandshakeRefusedError extends Error {
  override readonly name = "HandshakeRefusedError";
  readonly status: number;
  readonly headers: Headers;
  /** The start of the body. */
  readonly body: string;

  constructor(status: number, headers: Headers, body: string) {
    super(`cannot open a WebSocket: got HTTP ${status}, expected 101`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** The part of a connection that the handshake needs. */
export interface ByteStream {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
}

/** RFC 6455, 1.3: what the server hashes our key with. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const MAX_HEAD_BYTES = 16 * 1024;
const MAX_BODY_BYTES = 16 * 1024;

/**
 * Upgrades a fresh connection to a WebSocket and returns what the server sent beyond its answer.
 *
 * It is done by hand because the built-in classes hide the status and body of a refusal, and these
 * tell whether to wait, to replay the archive, to change the request, or to give up. No extension is
 * offered: a v1 server refuses compression by dictionary together with `permessage-deflate`.
 *
 * @throws {HandshakeRefusedError} when the answer is not 101
 * @throws {Error} when the answer is not a WebSocket's
 */
export async function upgrade(stream: ByteStream, subscription: Subscription): Promise<Uint8Array> {
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  await writeAll(stream, new TextEncoder().encode(requestHead(subscription, key)));
  const answer = await readHead(stream);
  if (answer.status !== 101) {
    throw new HandshakeRefusedError(answer.status, answer.headers, await readBody(stream, answer));
  }
  const accept = answer.headers.get("sec-websocket-accept");
  if (accept !== await acceptFor(key)) {
    throw new Error("cannot open a WebSocket: got a wrong Sec-WebSocket-Accept");
  }
  const chosen = answer.headers.get("sec-websocket-protocol");
  if (chosen !== null && chosen !== subscription.subprotocol) {
    throw new Error("cannot open a WebSocket: got a subprotocol that was not offered");
  }
  if (answer.headers.has("sec-websocket-extensions")) {
    throw new Error("cannot open a WebSocket: got an extension that was not offered");
  }
  return answer.rest;
}

/** The `Sec-WebSocket-Accept` that belongs to a key. */
async function acceptFor(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + ACCEPT_GUID));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** Writes all of `bytes`, waiting while the peer does not take them. */
export async function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await stream.write(bytes.subarray(sent));
}

function requestHead({ url, subprotocol }: Subscription, key: string): string {
  const { host, pathname, search, username, password } = new URL(url);
  const lines = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    "User-Agent: jetstream-indexer",
  ];
  if (subprotocol !== null) lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`);
  if (username !== "" || password !== "") {
    const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const bytes = new TextEncoder().encode(plain);
    lines.push(`Authorization: Basic ${btoa(String.fromCharCode(...bytes))}`);
  }
  return lines.join("\r\n") + "\r\n\r\n";
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Bytes after the head that came with it. */
  readonly rest: Uint8Array;
}

/** The final answer. Interim ones (100, 103) come before it from some proxies, and say nothing here. */
async function readHead(stream: ByteStream): Promise<Answer> {
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  let length = 0;
  for (;;) {
    const end = endOfHead(bytes.subarray(0, length));
    if (end !== -1) {
      const head = parseHead(new TextDecoder().decode(bytes.subarray(0, end)));
      if (!isInterim(head.status)) return { ...head, rest: bytes.slice(end, length) };
      bytes.copyWithin(0, end, length);
      length -= end;
      continue;
    }
    if (length === bytes.length) {
      throw new Error(`cannot open a WebSocket: got no end of the answer in ${length} bytes`);
    }
    const read = await stream.read(bytes.subarray(length));
    if (read === null) throw new Error("cannot open a WebSocket: the server closed the connection");
    length += read;
  }
}

function isInterim(status: number): boolean {
  return status < 200 && status !== 101;
}

/** Index behind the empty line, or -1. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at !== -1; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4;
  }
  return -1;
}

function parseHead(head: string): { status: number; headers: Headers } {
  const [statusLine = "", ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) {
    throw new Error("cannot open a WebSocket: got something that is not HTTP/1.1");
  }
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    try {
      headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    } catch {
      // A header that is no header tells nothing; the ones that matter are looked for by name.
    }
  }
  return { status: Number(status), headers };
}

/** The body of a refusal, as far as it comes and as far as it is bounded. */
async function readBody(stream: ByteStream, answer: Answer): Promise<string> {
  const bytes = new Uint8Array(MAX_BODY_BYTES);
  bytes.set(answer.rest.subarray(0, bytes.length));
  let length = Math.min(answer.rest.length, bytes.length);
  const declared = answer.headers.get("content-length");
  const chunked = answer.headers.get("transfer-encoding")?.toLowerCase() === "chunked";
  const wanted = declared === null ? bytes.length : Math.min(Number(declared), bytes.length);
  const complete = (): boolean => chunked ? endsChunks(bytes.subarray(0, length)) : false;
  while (length < wanted && !complete()) {
    const read = await stream.read(bytes.subarray(length)).catch(() => null);
    if (read === null) break;
    length += read;
  }
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  return chunked ? joinChunks(text) : text;
}

function endsChunks(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(-7)).endsWith("0\r\n\r\n");
}

/** Enough of chunked transfer coding for a short error text in ASCII. */
function joinChunks(text: string): string {
  let rest = text;
  let body = "";
  for (;;) {
    const size = /^([0-9a-fA-F]{1,6})[^\r\n]*\r\n/.exec(rest);
    if (size === null) return body;
    const length = parseInt(size[1] ?? "0", 16);
    const start = size[0].length;
    body += rest.slice(start, start + length);
    if (length === 0) return body;
    rest = rest.slice(start + length + 2);
  }
}
