/**
 * A socket as npm:pg gets it: open already, with what is written in one turn of the event loop sent
 * at once, and with a limit to what the server may say.
 */

import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type net from "node:net";
import tls from "node:tls";

/** Longest message of the server: a row with the largest record takes a third of it. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;

/** The most that a server may say between two times of being ready for a statement. */
const MAX_ANSWER_BYTES = 256 * 2 ** 20;

const HEADER_BYTES = 5;
const READY_FOR_QUERY = "Z".charCodeAt(0);

export class SessionSocket extends EventEmitter {
  readonly #socket: net.Socket;
  #unsent: Uint8Array[] = [];
  /** The header of a message as far as it has come, and how much of its body is still to come. */
  readonly #header = Buffer.alloc(HEADER_BYTES);
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

  /** It is open, and the driver waits to be told. */
  connect(): void {
    queueMicrotask(() => {
      this.emit("connect");
      // It was stopped while TLS was agreed on.
      this.#socket.resume();
    });
  }

  setNoDelay(): void {}

  /** The server's certificate, where there is TLS: what a login is bound to. */
  getPeerCertificate(): { readonly raw?: Uint8Array } {
    return this.#socket instanceof tls.TLSSocket ? this.#socket.getPeerCertificate() : {};
  }

  write(chunk: Uint8Array, done?: () => void): boolean {
    if (this.#unsent.push(chunk) === 1) queueMicrotask(() => this.#send());
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
    if (unsent.length > 0) this.#socket.write(Buffer.concat(unsent));
  }

  /** What is too much in what the server says; null while nothing is. */
  #excess(chunk: Buffer): string | null {
    this.#answerBytes += chunk.length;
    if (this.#answerBytes > MAX_ANSWER_BYTES) {
      return `the server's answer is longer than ${MAX_ANSWER_BYTES} bytes`;
    }
    for (let at = 0; at < chunk.length;) {
      if (this.#bodyBytes > 0) {
        const taken = Math.min(this.#bodyBytes, chunk.length - at);
        this.#bodyBytes -= taken;
        at += taken;
        continue;
      }
      this.#header[this.#headerBytes++] = chunk[at++]!;
      if (this.#headerBytes < HEADER_BYTES) continue;
      this.#headerBytes = 0;
      this.#bodyBytes = this.#header.readUInt32BE(1) - 4;
      if (this.#bodyBytes > MAX_MESSAGE_BYTES || this.#bodyBytes < 0) {
        return `the server announces a message of ${this.#bodyBytes} bytes`;
      }
      if (this.#header[0] === READY_FOR_QUERY) this.#answerBytes = chunk.length - at;
    }
    return null;
  }
}
