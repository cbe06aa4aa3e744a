/** One connection through the gate: a request in, its answer out, within limits. */

export interface PassageLimits {
  /** How long a connection may last, from its first moment to its last. */
  readonly lifetimeMs: number;
  /** How much a client may send: line, headers and body of one request. */
  readonly maxRequestBytes: number;
}

const CHUNK_BYTES = 16_384;

/** Closing at once would throw away what the client has not read of its answer yet. */
const LINGER_MS = 1_000;

/** A client that sends no more may still wait for an answer, or may be gone. */
const HALF_OPEN_MS = 5_000;

/** No answer of ours is streamed: one that stops for so long is over. */
const ANSWER_PAUSE_MS = 500;

export class Passage {
  /** The address that the client comes from, without its port. */
  readonly address: string;
  /** Resolves when both sides are closed. Never rejects. */
  readonly finished: Promise<void>;
  readonly #client: Deno.TcpConn;
  readonly #limits: PassageLimits;
  #server: Deno.TcpConn | null = null;
  #answered = false;
  #started = false;
  #cut = false;
  #timer: ReturnType<typeof setTimeout>;
  #endsAt: number;

  constructor(client: Deno.TcpConn, innerPort: number, limits: PassageLimits) {
    this.#client = client;
    this.#limits = limits;
    this.address = client.remoteAddr.hostname;
    this.#endsAt = performance.now() + limits.lifetimeMs;
    this.#timer = setTimeout(() => this.cut(), limits.lifetimeMs);
    this.finished = this.#run(innerPort);
  }

  /** Whether the client has sent anything. */
  get started(): boolean {
    return this.#started;
  }

  /** Shortens what is left of its time. */
  endWithin(ms: number): void {
    const endsAt = performance.now() + ms;
    if (this.#cut || endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), ms);
  }

  /** Closes both sides now. */
  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    clearTimeout(this.#timer);
    for (const side of [this.#client, this.#server]) {
      try {
        side?.close();
      } catch {
        // Closed by the other side at the same moment.
      }
    }
  }

  async #run(innerPort: number): Promise<void> {
    try {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: innerPort });
      if (this.#cut) return server.close();
      this.#server = server;
      this.#client.setNoDelay(true);
      server.setNoDelay(true);
      await Promise.all([this.#passRequest(server), this.#passAnswer(server)]);
    } catch {
      // A side that broke: the other has nobody to talk to.
    } finally {
      this.cut();
    }
  }

  async #passRequest(server: Deno.TcpConn): Promise<void> {
    let left = this.#limits.maxRequestBytes;
    const requests = new RequestMarker();
    for await (const chunk of chunks(this.#client)) {
      this.#started = true;
      left -= chunk.length;
      // What comes after the answer, or beyond the limit, is read and forgotten.
      if (this.#answered) continue;
      if (left < 0) this.endWithin(LINGER_MS);
      else await writeAll(server, requests.mark(chunk));
    }
    // `Deno.serve` drops a request whose client has closed its sending side: so it is not told.
    if (!this.#started) this.cut();
    this.endWithin(this.#answered ? LINGER_MS : HALF_OPEN_MS);
  }

  async #passAnswer(server: Deno.TcpConn): Promise<void> {
    let pause: ReturnType<typeof setTimeout> | undefined;
    try {
      for await (const chunk of chunks(server)) {
        clearTimeout(pause);
        this.#answered = true;
        await writeAll(this.#client, chunk);
        // Deno 2.9.6 holds a connection whose request body nobody read, whatever it was told.
        pause = setTimeout(() => this.#endAnswer(), ANSWER_PAUSE_MS);
      }
    } finally {
      clearTimeout(pause);
    }
    this.#endAnswer();
  }

  #endAnswer(): void {
    this.#answered = true;
    this.endWithin(LINGER_MS);
    this.#client.closeWrite().catch(() => this.cut());
  }
}

const LINE_FEED = 10;
const CLOSE = new TextEncoder().encode("Connection: close\r\n");

/**
 * Puts `Connection: close` behind the first line of a request: `Deno.serve` obeys it there, and on
 * 2.9.6 not in an answer. So there is one request a connection, which is what the limits count by.
 */
class RequestMarker {
  #marked = false;

  mark(chunk: Uint8Array): Uint8Array {
    if (this.#marked) return chunk;
    const lineEnd = chunk.indexOf(LINE_FEED) + 1;
    if (lineEnd === 0) return chunk;
    this.#marked = true;
    const marked = new Uint8Array(chunk.length + CLOSE.length);
    marked.set(chunk.subarray(0, lineEnd));
    marked.set(CLOSE, lineEnd);
    marked.set(chunk.subarray(lineEnd), lineEnd + CLOSE.length);
    return marked;
  }
}

async function* chunks(connection: Deno.TcpConn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const size = await connection.read(buffer);
    if (size === null) return;
    yield buffer.subarray(0, size);
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}
