import { type ByteStream, writeAll } from "../../byte_stream.ts";
import { type AnswerHead, AnswerReader } from "./answer_reader.ts";
import type { Subscription } from "../subscription.ts";

/** The server answered the upgrade with another status than 101. */
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

/** RFC 6455, 1.3: the server hashes our key with this. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const MAX_BODY_BYTES = 16 * 1024;

/**
 * Upgrades a new connection to a WebSocket. Returns the bytes that the server sent after its answer.
 *
 * Implemented here because the built-in classes hide the status and body of a refusal, which decide whether
 * to wait, replay the archive, change the request, or stop. No extension is offered: a v1 server refuses
 * dictionary compression together with `permessage-deflate`.
 *
 * @throws {HandshakeRefusedError} when the answer is not 101
 * @throws {Error} when the answer is not a WebSocket's
 */
export async function upgrade(stream: ByteStream, subscription: Subscription): Promise<Uint8Array> {
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  await writeAll(stream, new TextEncoder().encode(requestHead(subscription, key)));
  const reader = new AnswerReader(stream);
  const answer = await headOf(reader);
  if (answer.status !== 101) {
    throw new HandshakeRefusedError(
      answer.status,
      answer.headers,
      await startOfBody(reader, answer),
    );
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
  return reader.rest();
}

/** The `Sec-WebSocket-Accept` for a key. */
async function acceptFor(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + ACCEPT_GUID));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
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

async function headOf(reader: AnswerReader): Promise<AnswerHead> {
  try {
    return await reader.head();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot open a WebSocket: ${why}`, { cause });
  }
}

/** The body of a refusal, up to a limit. */
async function startOfBody(reader: AnswerReader, answer: AnswerHead): Promise<string> {
  const bytes = new Uint8Array(MAX_BODY_BYTES);
  let length = 0;
  try {
    for await (const part of reader.body(answer)) {
      const fits = part.subarray(0, bytes.length - length);
      bytes.set(fits, length);
      length += fits.length;
      if (length === bytes.length) break;
    }
  } catch {
    // The part before the error is used.
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}
