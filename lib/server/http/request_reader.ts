/** Reads one request from a connection, within limits. */

import { writeAll } from "../../byte_stream.ts";
import { HttpError } from "./http_error.ts";
import { badRequest, parseRequestHead, type RequestHead } from "./request_head.ts";

export interface RequestSize {
  /** First line and headers. */
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
}

const READ_BYTES = 4_096;
const MAX_CHUNK_LINE = 256;
const HEAD_END = "\r\n\r\n";
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Every request begins with a method; a TLS handshake, for example, does not. */
const FIRST_BYTE = /[A-Za-z\r]/;

export class RequestReader {
  readonly #connection: Deno.TcpConn;
  readonly #size: RequestSize;
  readonly #chunk = new Uint8Array(READ_BYTES);
  /** Received bytes that were not parsed yet. */
  #waiting: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(connection: Deno.TcpConn, size: RequestSize) {
    this.#connection = connection;
    this.#size = size;
  }

  /**
   * Reads a request with its whole body. Null: the client left without sending one.
   *
   * @throws {HttpError} when it is invalid or too large
   */
  async request(): Promise<Request | null> {
    if (!await this.#more()) return null;
    const head = await this.#head();
    const { method, url, headers } = head;
    const body = await this.#body(head);
    return new Request(url, {
      method,
      headers,
      // A body has no meaning there, and `Request` allows none.
      body: body.length === 0 || /^(GET|HEAD)$/i.test(method) ? null : body,
    });
  }

  async #head(): Promise<RequestHead> {
    if (!FIRST_BYTE.test(String.fromCharCode(this.#waiting[0] ?? 0))) {
      throw badRequest("this is not HTTP");
    }
    const { maxHeadBytes } = this.#size;
    const head = await this.#until(HEAD_END, maxHeadBytes, () => {
      throw new HttpError(431, "headers_too_large", "the headers are too large");
    });
    // A client may send an empty line after the previous request.
    return parseRequestHead(head[0] === 13 && head[1] === 10 ? head.subarray(2) : head);
  }

  async #body({ body, expectsContinue }: RequestHead): Promise<Uint8Array<ArrayBuffer>> {
    if (body === 0) return new Uint8Array(0);
    if (body !== "chunked" && body > this.#size.maxBodyBytes) throw bodyTooLarge();
    if (expectsContinue && this.#waiting.length === 0) await writeAll(this.#connection, CONTINUE);
    return body === "chunked" ? await this.#chunks() : await this.#exactly(body);
  }

  async #chunks(): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    for (;;) {
      const size = await this.#chunkSize();
      if (size === 0) break;
      length += size;
      if (length > this.#size.maxBodyBytes) throw bodyTooLarge();
      parts.push(await this.#exactly(size));
      if ((await this.#line()) !== "") throw badChunk();
    }
    // Headers after the body have no meaning here.
    for (let lines = 0; await this.#line() !== ""; lines++) {
      if (lines === MAX_TRAILERS) throw badChunk();
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }

  async #chunkSize(): Promise<number> {
    const line = await this.#line();
    const [, digits] = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t -~]*)?$/.exec(line) ?? [];
    if (digits === undefined) throw badChunk();
    return parseInt(digits, 16);
  }

  async #line(): Promise<string> {
    const line = await this.#until("\r\n", MAX_CHUNK_LINE, () => {
      throw badChunk();
    });
    return String.fromCharCode(...line);
  }

  /** Reads up to a terminator, which is consumed too. */
  async #until(
    end: string,
    maxBytes: number,
    tooLong: () => never,
  ): Promise<Uint8Array<ArrayBuffer>> {
    for (let searched = 0;;) {
      const at = indexOf(this.#waiting, end, searched);
      if (at > maxBytes || (at < 0 && this.#waiting.length > maxBytes)) tooLong();
      if (at >= 0) {
        const taken = this.#take(at);
        this.#take(end.length);
        return taken;
      }
      searched = Math.max(0, this.#waiting.length - end.length + 1);
      if (!await this.#more()) throw badRequest("the request ends in the middle");
    }
  }

  async #exactly(length: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#waiting.length < length) {
      if (!await this.#more()) throw badRequest("the body ends in the middle");
    }
    return this.#take(length);
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const taken = this.#waiting.slice(0, length);
    this.#waiting = this.#waiting.subarray(length);
    return taken;
  }

  /** Waits for more bytes. False: no more will come. */
  async #more(): Promise<boolean> {
    const size = await this.#connection.read(this.#chunk);
    if (size === null) return false;
    const joined = new Uint8Array(this.#waiting.length + size);
    joined.set(this.#waiting);
    joined.set(this.#chunk.subarray(0, size), this.#waiting.length);
    this.#waiting = joined;
    return true;
  }
}

const MAX_TRAILERS = 16;

function indexOf(bytes: Uint8Array, end: string, from: number): number {
  const codes = [...end].map((character) => character.charCodeAt(0));
  for (let at = bytes.indexOf(codes[0]!, from); at >= 0; at = bytes.indexOf(codes[0]!, at + 1)) {
    if (codes.every((code, i) => bytes[at + i] === code)) return at;
  }
  return -1;
}

function badChunk(): HttpError {
  return badRequest("the chunks of the body are invalid");
}

export function bodyTooLarge(): HttpError {
  return new HttpError(413, "body_too_large", "the body is too large");
}
