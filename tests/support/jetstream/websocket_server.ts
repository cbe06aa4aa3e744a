import { within } from "../within.ts";
/**
 * A WebSocket server on plain TCP, for tests of servers that misbehave, and that need to know
 * exactly how far their peer has read.
 *
 * Nothing is buffered here: a send is over when the kernel has taken it, so a peer that does not read
 * holds the sender back.
 */

/** The upgrade request. */
export interface UpgradeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MAX_REQUEST_BYTES = 1024 * 1024;

/** One frame of a server: not masked. */
export function encodeFrame(
  opcode: number,
  payload: string | Uint8Array,
  final = true,
): Uint8Array {
  const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const header = frameHeader(opcode, body.length, final);
  const frame = new Uint8Array(header.length + body.length);
  frame.set(header);
  frame.set(body, header.length);
  return frame;
}

/** Frames of text, joined for sending at once. */
export function encodeTextFrames(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  return concat(texts.map((text) => encodeFrame(OPCODE.text, text)));
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function frameHeader(opcode: number, length: number, final: boolean): Uint8Array {
  const first = (final ? 0x80 : 0) | opcode;
  if (length < 126) return new Uint8Array([first, length]);
  if (length < 65_536) return new Uint8Array([first, 126, length >> 8, length & 0xff]);
  const header = new Uint8Array(10);
  header.set([first, 127]);
  new DataView(header.buffer).setBigUint64(2, BigInt(length));
  return header;
}

/** One client, from its request on. */
export class Peer {
  readonly request: UpgradeRequest;
  /** Resolves when the client has disconnected, or was dropped. */
  readonly gone: Promise<void>;
  /** Bytes that the kernel has taken so far, frames and all. */
  bytesSent = 0;
  /** Payloads of the pongs that came. */
  readonly pongs: string[] = [];
  #onPong: () => void = () => {};
  /** Called for every text or binary frame of the client. */
  onData: (opcode: number, payload: Uint8Array) => void = () => {};
  readonly #conn: Deno.Conn;
  readonly #resolveGone: () => void;
  #rest: Uint8Array;
  #sending: Promise<void> = Promise.resolve();
  #isGone = false;
  #accepted = false;
  #reading: Promise<void> | null = null;

  constructor(conn: Deno.Conn, request: UpgradeRequest, rest: Uint8Array) {
    this.#conn = conn;
    this.request = request;
    this.#rest = rest;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    this.#resolveGone = resolve;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get isAccepted(): boolean {
    return this.#accepted;
  }

  /**
   * Finishes the handshake. `headers` are added to the answer, or replace what is there; `frames` go out
   * in the same write.
   */
  async accept(
    headers: Readonly<Record<string, string>> = {},
    frames = new Uint8Array(0),
  ): Promise<void> {
    this.#accepted = true;
    const key = this.request.headers.get("sec-websocket-key") ?? "";
    const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + ACCEPT_GUID));
    const answer = {
      "Upgrade": "websocket",
      "Connection": "Upgrade",
      "Sec-WebSocket-Accept": btoa(String.fromCharCode(...new Uint8Array(digest))),
      ...headers,
    };
    const lines = Object.entries(answer).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`;
    await this.raw(concat([new TextEncoder().encode(head), frames]));
    this.#reading = this.#readFrames();
  }

  /** Answers with an HTTP error, or any other plain answer, and disconnects. */
  async refuse(
    status: number,
    body: string | Uint8Array = "",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const all = { "Content-Length": String(bytes.length), "Connection": "close", ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    await this.raw(`HTTP/1.1 ${status} No\r\n${lines.join("")}\r\n`);
    await this.raw(bytes);
    this.drop();
  }

  /** Sends one message. Waits until the kernel has taken it. */
  send(message: string | Uint8Array): Promise<void> {
    const opcode = typeof message === "string" ? OPCODE.text : OPCODE.binary;
    return this.raw(encodeFrame(opcode, message));
  }

  ping(payload = ""): Promise<void> {
    return this.raw(encodeFrame(OPCODE.ping, payload));
  }

  /** Sends a ping and waits for its pong, so that all that was sent before has been read. */
  async pingPong(payload = "tick"): Promise<void> {
    const answered = new Promise<void>((resolve) => this.#onPong = resolve);
    await this.ping(payload);
    await within(Promise.race([answered, this.gone]), "the answer to a ping");
  }

  /** Sends a close frame with a code, and disconnects. */
  async close(code: number, reason = ""): Promise<void> {
    const payload = concat([
      new Uint8Array([code >> 8, code & 0xff]),
      new TextEncoder().encode(reason),
    ]);
    await this.raw(encodeFrame(OPCODE.close, payload));
    this.drop();
  }

  /** Sends bytes as they are. Does nothing more once the client is gone. */
  raw(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    this.#sending = this.#sending.then(async () => {
      try {
        for (let at = 0; at < data.length && !this.#isGone;) {
          const count = await this.#conn.write(data.subarray(at));
          at += count;
          this.bytesSent += count;
        }
      } catch {
        this.drop();
      }
    });
    return this.#sending;
  }

  /** Closes the TCP connection without a close frame. */
  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    try {
      this.#conn.close();
    } catch {
      // It was closed from the other end.
    }
    this.#resolveGone();
  }

  /** Waits until nothing of this client runs any more. */
  async settled(): Promise<void> {
    await this.gone;
    await Promise.all([this.#sending, this.#reading]);
  }

  /** Reads the client's frames, so that its disconnect is noticed. */
  async #readFrames(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    while (!this.#isGone) {
      const count = await this.#conn.read(buffer).catch(() => null);
      if (count === null) return this.drop();
      this.#rest = concat([this.#rest, buffer.subarray(0, count)]);
      this.#takeFrames();
    }
  }

  #takeFrames(): void {
    for (;;) {
      const frame = decodeClientFrame(this.#rest);
      if (frame === null) return;
      this.#rest = this.#rest.slice(frame.bytes);
      if (frame.opcode === OPCODE.close) {
        return this.drop();
      } else if (frame.opcode === OPCODE.pong) {
        this.pongs.push(new TextDecoder().decode(frame.payload));
        this.#onPong();
      } else if (frame.opcode === OPCODE.ping) {
        void this.raw(encodeFrame(OPCODE.pong, frame.payload));
      } else this.onData(frame.opcode, frame.payload);
    }
  }
}

interface ClientFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** Length of the whole frame. */
  readonly bytes: number;
}

function decodeClientFrame(data: Uint8Array): ClientFrame | null {
  if (data.length < 2) return null;
  const [first = 0, second = 0] = data;
  if ((second & 0x80) === 0) throw new Error("a client must mask its frames");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const short = second & 0x7f;
  const headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (data.length < headerBytes + 4) return null;
  const length = short < 126
    ? short
    : short === 126
    ? view.getUint16(2)
    : Number(view.getBigUint64(2));
  const bytes = headerBytes + 4 + length;
  if (data.length < bytes) return null;
  const mask = data.subarray(headerBytes, headerBytes + 4);
  const payload = data.slice(headerBytes + 4, bytes);
  for (let at = 0; at < length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return { opcode: first & 0x0f, payload, bytes };
}

export interface WebSocketServerOptions {
  readonly port?: number;
  readonly hostname?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
  /**
   * Sends each frame at once, as servers in Go do. Without it a small frame waits for the
   * acknowledgement of the one before, up to 40 ms: a steady stream comes in bursts.
   */
  readonly noDelay?: boolean;
}

/** Listens on a port of its own choice and hands every request to `onPeer`. */
export class WebSocketServer implements AsyncDisposable {
  readonly peers: Peer[] = [];
  readonly #listener: Deno.TcpListener | Deno.TlsListener;
  readonly #secure: boolean;
  readonly #noDelay: boolean;
  readonly #onPeer: (peer: Peer) => Promise<void>;
  readonly #accepting: Promise<void>;
  readonly #handling = new Set<Promise<void>>();
  /** What a handler threw, so that a test can't miss it. */
  readonly #errors: unknown[] = [];

  constructor(
    onPeer: (peer: Peer) => Promise<void>,
    options: WebSocketServerOptions = {},
  ) {
    const { port = 0, hostname = "127.0.0.1", tls, noDelay = false } = options;
    this.#noDelay = noDelay;
    this.#secure = tls !== undefined;
    this.#listener = tls === undefined
      ? Deno.listen({ port, hostname })
      : Deno.listenTls({ port, hostname, ...tls });
    this.#onPeer = onPeer;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** `ws://127.0.0.1:PORT`, to be followed by a path. */
  get origin(): string {
    return `${this.#secure ? "wss://localhost" : "ws://127.0.0.1"}:${this.port}`;
  }

  /** Drops every connection without a close frame; continues to listen. */
  dropAll(): void {
    for (const peer of this.peers) peer.drop();
  }

  /** Stops listening and drops everyone. Throws what a handler threw. */
  async close(): Promise<void> {
    try {
      this.#listener.close();
    } catch {
      // Closed before.
    }
    this.dropAll();
    await this.#accepting;
    await Promise.all(this.#handling);
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #accept(): Promise<void> {
    for (;;) {
      let conn: Deno.TcpConn | Deno.TlsConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        // A client that hangs up during TLS ends its own accept only.
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
          return;
        }
        continue;
      }
      if (this.#noDelay && "setNoDelay" in conn) conn.setNoDelay();
      const handled = this.#handle(conn).finally(() => this.#handling.delete(handled));
      this.#handling.add(handled);
    }
  }

  async #handle(conn: Deno.Conn): Promise<void> {
    const opened = await readRequest(conn).catch(() => null);
    if (opened === null) {
      try {
        conn.close();
      } catch {
        // Closed by the failed read.
      }
      return;
    }
    const peer = new Peer(conn, opened.request, opened.rest);
    this.peers.push(peer);
    try {
      await this.#onPeer(peer);
      await peer.settled();
    } catch (error) {
      this.#errors.push(error);
      peer.drop();
    }
  }
}

async function readRequest(
  conn: Deno.Conn,
): Promise<{ request: UpgradeRequest; rest: Uint8Array } | null> {
  let bytes = new Uint8Array(0);
  const chunk = new Uint8Array(64 * 1024);
  while (bytes.length < MAX_REQUEST_BYTES) {
    const count = await conn.read(chunk);
    if (count === null) return null;
    bytes = new Uint8Array(concat([bytes, chunk.subarray(0, count)]));
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) continue;
    const [requestLine = "", ...lines] = text.slice(0, end).split("\r\n");
    const [method = "", target = "/"] = requestLine.split(" ");
    const url = new URL(target, "http://server");
    const headers = new Headers();
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    }
    const request = { method, path: url.pathname, query: url.searchParams, headers };
    return { request, rest: bytes.slice(end + 4) };
  }
  return null;
}
