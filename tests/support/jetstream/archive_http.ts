/** HTTP over plain TCP, so that an answer can be truncated, delayed or omitted. */

import { writeAll } from "../../../lib/byte_stream.ts";

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Sends only this many bytes of the body, and disconnects. */
  readonly cutAt?: number;
  /** Disconnects without an answer. */
  readonly dropped?: boolean;
  /** Sends nothing before this resolves. */
  readonly heldUntil?: Promise<void>;
}

/** Answers one request per connection, on loopback. */
export class RawHttpServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #answer: (request: Request) => Answer;
  readonly #conns = new Set<Deno.Conn>();
  readonly #served: Promise<unknown>[] = [];
  readonly #accepting: Promise<void>;
  #open = 0;
  #mostOpen = 0;

  constructor(answer: (request: Request) => Answer) {
    this.#answer = answer;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** The most requests that were under way at the same time. */
  get mostOpen(): number {
    return this.#mostOpen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) close(conn);
    await this.#accepting;
    await Promise.allSettled(this.#served);
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) {
        this.#conns.add(conn);
        const served = this.#serve(conn).catch(() => {}).finally(() => {
          close(conn);
          this.#conns.delete(conn);
        });
        this.#served.push(served);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    const request = await readRequest(conn, this.port);
    if (request === null) return;
    this.#mostOpen = Math.max(this.#mostOpen, ++this.#open);
    try {
      const answer = this.#answer(request);
      await answer.heldUntil;
      if (answer.dropped !== true) await writeAll(conn, encodeAnswer(answer));
    } finally {
      this.#open--;
    }
  }
}

async function readRequest(conn: Deno.Conn, port: number): Promise<Request | null> {
  let text = "";
  const buffer = new Uint8Array(16 * 1024);
  const decoder = new TextDecoder("latin1");
  const more = async (): Promise<boolean> => {
    const count = await conn.read(buffer);
    if (count !== null) text += decoder.decode(buffer.subarray(0, count));
    return count !== null;
  };
  while (!text.includes("\r\n\r\n")) if (!await more()) return null;
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const headers = new Headers(fields.map((field): [string, string] => {
    const at = field.indexOf(":");
    return [field.slice(0, at), field.slice(at + 1).trim()];
  }));
  text = rest.join("\r\n\r\n");
  const length = Number(headers.get("content-length") ?? 0);
  while (text.length < length) if (!await more()) return null;
  const [method = "", target = ""] = line.split(" ");
  return { method, url: new URL(target, `http://127.0.0.1:${port}`), headers, body: text };
}

function encodeAnswer({ status, headers, body, cutAt }: Answer): Uint8Array {
  const fields = { "Content-Length": String(body.length), "Connection": "close", ...headers };
  const head = [
    `HTTP/1.1 ${status} Status`,
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ].join("\r\n");
  const start = new TextEncoder().encode(head);
  const sent = body.subarray(0, cutAt ?? body.length);
  const whole = new Uint8Array(start.length + sent.length);
  whole.set(start);
  whole.set(sent, start.length);
  return whole;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
