/** Reads the answer to one HTTP/1.1 request from a connection, within limits. */

import type { ByteStream } from "../../byte_stream.ts";

export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
}

/** Limit for status line and headers; a line of a chunked body is shorter. */
const MAX_HEAD_BYTES = 16 * 1024;
const READ_BYTES = 64 * 1024;
const MAX_TRAILERS = 16;

export class AnswerReader {
  readonly #stream: ByteStream;
  readonly #bytes = new Uint8Array(MAX_HEAD_BYTES);
  /** The received bytes that were not read yet lie between these. */
  #from = 0;
  #to = 0;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /**
   * Reads the head of the final answer. Some proxies send interim ones (100, 103) first, which are skipped.
   *
   * @throws {Error} when it is not HTTP/1.1, or too long
   */
  async head(): Promise<AnswerHead> {
    for (;;) {
      const head = parseHead(await this.#until("\r\n\r\n"));
      if (head.status >= 200 || head.status === 101) return head;
    }
  }

  /** The bytes after the head, which belong to another protocol. */
  rest(): Uint8Array<ArrayBuffer> {
    return this.#take(this.#to - this.#from);
  }

  /**
   * Reads the body, part by part as it arrives.
   *
   * @throws {Error} when it ends early, or its framing is invalid
   */
  async *body({ headers }: AnswerHead): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const coding = headers.get("transfer-encoding");
    const declared = headers.get("content-length");
    if (coding?.toLowerCase() === "chunked") yield* this.#chunks();
    else if (coding !== null) throw new Error("got a transfer coding that is not chunked");
    else if (declared === null) yield* this.#untilClosed();
    else if (/^\d{1,15}$/.test(declared)) yield* this.#exactly(Number(declared));
    else throw new Error("got a content-length that is no number");
  }

  async *#chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const line = await this.#until("\r\n");
      const digits = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;|$)/.exec(line)?.[1];
      if (digits === undefined) throw new Error("got a chunk without a size");
      const size = parseInt(digits, 16);
      if (size === 0) break;
      yield* this.#exactly(size);
      if (await this.#until("\r\n") !== "") throw new Error("got a chunk longer than its size");
    }
    for (let lines = 0; await this.#until("\r\n") !== ""; lines++) {
      if (lines === MAX_TRAILERS) throw new Error("got no end of the headers behind the body");
    }
  }

  async *#exactly(length: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let left = length; left > 0;) {
      const part = await this.#part(left);
      if (part === null) throw new Error(`got ${length - left} of ${length} bytes`);
      left -= part.length;
      yield part;
    }
  }

  async *#untilClosed(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let part; (part = await this.#part(Infinity)) !== null;) yield part;
  }

  /** Up to `most` bytes, as they arrive; null at the end of the connection. */
  async #part(most: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const waiting = this.#to - this.#from;
    if (waiting > 0) return this.#take(Math.min(waiting, most));
    const bytes = new Uint8Array(Math.min(READ_BYTES, most));
    const read = await this.#stream.read(bytes);
    return read === null ? null : bytes.subarray(0, read);
  }

  /** The text before a terminator, which is consumed too. */
  async #until(end: string): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#bytes.subarray(this.#from, this.#to));
      const at = text.indexOf(end);
      if (at >= 0) {
        this.#from += at + end.length;
        return text.slice(0, at);
      }
      this.#bytes.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
      if (this.#to === this.#bytes.length) {
        throw new Error(`got no end of the answer in ${this.#to} bytes`);
      }
      const read = await this.#stream.read(this.#bytes.subarray(this.#to));
      if (read === null) throw new Error("the server closed the connection");
      this.#to += read;
    }
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(this.#from, this.#from + length);
    this.#from += length;
    return taken;
  }
}

function parseHead(text: string): AnswerHead {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw new Error("got something that is not HTTP/1.1");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    try {
      headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    } catch {
      // An invalid header is ignored; the relevant ones are looked up by name.
    }
  }
  return { status: Number(status), headers };
}
