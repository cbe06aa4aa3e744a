/**
 * The socket that npm:pg gets: already open, with the writes of one event loop turn sent together, and with
 * limits on what the server may send.
 */

import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type net from "node:net";
import process from "node:process";
import tls from "node:tls";

/** So much is sent without waiting for the end of the turn: the server works on it meanwhile. */
const SENT_AT_ONCE_BYTES = 16 * 2 ** 10;

/** Longest message of the server: three times a row with the largest record. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;

/** The most memory that an answer may take until the server is ready for the next statement. */
const MAX_ANSWER_BYTES = 256 * 2 ** 20;

/** Text takes up to two bytes a character, and a byte of UTF-8 is at most one character. */
const CHARACTER_BYTES = 2;
/** Overhead of a row: its object, and the driver's lists of it. */
const ROW_BYTES = 256;
const FIELD_BYTES = 48;

const HEADER_BYTES = 5;
/** Of a row: the number of its fields follows the header. */
const ROW_HEADER_BYTES = 7;
const DATA_ROW = "D".charCodeAt(0);
const READY_FOR_QUERY = "Z".charCodeAt(0);

export class SessionSocket extends EventEmitter {
  readonly #socket: net.Socket;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  /** The part of a message header that has arrived, and how much of the body is missing. */
  readonly #header = Buffer.alloc(ROW_HEADER_BYTES);
  #headerBytes = 0;
  #bodyBytes = 0;
  #answerBytes = 0;

  constructor(socket: net.Socket) {
    super();
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      const excess = this.#excess(chunk);
      if (excess === null) this.emit("data", chunk);
      else socket.destroy(new Error(excess));
    });
    socket.on("error", (error) => this.emit("error", error));
    socket.on("end", () => this.emit("end"));
    socket.on("close", () => this.emit("close"));
  }

  get writable(): boolean {
    return this.#socket.writable;
  }

  /** The socket is open already; the driver waits for the event. */
  connect(): void {
    queueMicrotask(() => {
      this.emit("connect");
      // It was paused while TLS was negotiated.
      this.#socket.resume();
    });
  }

  setNoDelay(): void {}

  /** The server's certificate, when TLS is used: logins are bound to it. */
  getPeerCertificate(): { readonly raw?: Uint8Array } {
    return this.#socket instanceof tls.TLSSocket ? this.#socket.getPeerCertificate() : {};
  }

  write(chunk: Uint8Array, done?: () => void): boolean {
    // The tick comes after all microtasks, in which one statement follows another.
    if (this.#unsent.push(chunk) === 1) process.nextTick(() => this.#send());
    this.#unsentBytes += chunk.length;
    if (this.#unsentBytes >= SENT_AT_ONCE_BYTES) this.#send();
    done?.();
    return true;
  }

  end(): void {
    this.#send();
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  #send(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    this.#unsentBytes = 0;
    if (unsent.length > 0) this.#socket.write(Buffer.concat(unsent));
  }

  /** Which limit the server's data exceeds; null while none. */
  #excess(chunk: Buffer): string | null {
    this.#answerBytes += chunk.length * CHARACTER_BYTES;
    for (let at = 0; at < chunk.length;) {
      if (this.#bodyBytes > 0) {
        const taken = Math.min(this.#bodyBytes, chunk.length - at);
        this.#bodyBytes -= taken;
        at += taken;
        continue;
      }
      this.#header[this.#headerBytes++] = chunk[at++]!;
      const isRow = this.#header[0] === DATA_ROW;
      const length = isRow ? ROW_HEADER_BYTES : HEADER_BYTES;
      if (this.#headerBytes < length) continue;
      this.#headerBytes = 0;
      this.#bodyBytes = this.#header.readUInt32BE(1) - 4 - (length - HEADER_BYTES);
      if (this.#bodyBytes > MAX_MESSAGE_BYTES || this.#bodyBytes < 0) {
        return `the server announces a message of ${this.#bodyBytes} bytes`;
      }
      if (isRow) {
        this.#answerBytes += ROW_BYTES + this.#header.readUInt16BE(HEADER_BYTES) * FIELD_BYTES;
      } else if (this.#header[0] === READY_FOR_QUERY) {
        this.#answerBytes = (chunk.length - at) * CHARACTER_BYTES;
      }
    }
    return this.#answerBytes > MAX_ANSWER_BYTES
      ? `the server's answer takes more than ${MAX_ANSWER_BYTES} bytes of memory`
      : null;
  }
}
