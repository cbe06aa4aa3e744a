/**
 * The socket as npm:postgres 3.4.9 gets it. That driver writes from a `setImmediate` to a socket that
 * it has dropped meanwhile, which ends the process with an error that nobody can catch, or leaves a
 * connection that never answers (porsager/postgres, issues 1154 and 1208). So it is never told that a
 * connection closed, unless it closed it itself: every query on a lost one fails, those to come too.
 */

import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type net from "node:net";
import { ConnectionError, lostConnection } from "./connection_error.ts";

export interface DriverSocketOptions {
  /** How long the server may take to let us in, milliseconds. */
  readonly loginMs: number;
  /** Told when a connection is lost, perhaps more than once. */
  readonly lost: () => void;
}

/** ReadyForQuery of an idle session: the end of what the server says after a login. */
const READY = Buffer.from("Z\0\0\0\x05I", "latin1");

export class DriverSocket extends EventEmitter {
  readonly #options: DriverSocketOptions;
  readonly #socket: net.Socket | null;
  #failure: Error | null = null;
  #ended = false;
  /** The last bytes that came before the login was over. */
  #tail = Buffer.alloc(0);
  #login: ReturnType<typeof setTimeout> | undefined;

  /** Over an open socket, or with the reason why there is none. */
  constructor(opened: net.Socket | Error, options: DriverSocketOptions) {
    super();
    this.#options = options;
    if (opened instanceof Error) {
      this.#socket = null;
      this.#failure = opened;
      return;
    }
    this.#socket = opened;
    opened.on("data", (chunk: Buffer) => {
      if (this.#login !== undefined) this.#watchLogin(chunk);
      this.emit("data", chunk);
    });
    opened.on("drain", () => this.emit("drain"));
    opened.on("error", (error) => this.#fail(this.#lost(error)));
    opened.on("close", () => this.#closed());
    this.#login = setTimeout(
      () => this.destroy(new ConnectionError("08001", loginTooSlow(options.loginMs))),
      options.loginMs,
    );
    // It was stopped while TLS was agreed on.
    opened.resume();
  }

  get readyState(): string {
    return this.#socket === null || this.#failure !== null ? "closed" : this.#socket.readyState;
  }

  write(chunk: Uint8Array, written?: (error?: Error | null) => void): boolean {
    if (this.#failure !== null || this.#socket === null) {
      queueMicrotask(() => {
        this.emit("error", this.#failure);
        this.#options.lost();
      });
      return true;
    }
    return this.#socket.write(chunk, written);
  }

  /** The driver is done with the connection. */
  end(lastWords?: Uint8Array): void {
    this.#ended = true;
    this.#loggedIn();
    if (this.#failure === null && lastWords !== undefined) this.#socket?.end(lastWords);
  }

  /** Ends the connection at once, whatever is on its way. */
  destroy(reason?: Error): void {
    if (reason !== undefined) this.#fail(reason);
    this.#loggedIn();
    this.#socket?.destroy();
  }

  setKeepAlive(on: boolean, delayMs: number): void {
    this.#socket?.setKeepAlive(on, delayMs);
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  #watchLogin(chunk: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-READY.length);
    if (this.#tail.equals(READY)) this.#loggedIn();
  }

  #loggedIn(): void {
    clearTimeout(this.#login);
    this.#login = undefined;
  }

  #closed(): void {
    if (this.#ended) this.emit("close");
    else this.#fail(this.#lost());
  }

  /** A server may also end the connection because it, or we, don't like who the other is. */
  #lost(cause?: Error): ConnectionError {
    if (this.#login === undefined) return lostConnection(cause);
    const reason = cause?.message ?? "the server closed the connection";
    return new ConnectionError("08001", `cannot connect to the database: ${reason}`);
  }

  #fail(failure: Error): void {
    if (this.#failure !== null || this.#ended) return;
    this.#failure = failure;
    this.#loggedIn();
    this.emit("error", failure);
    this.#options.lost();
  }
}

function loginTooSlow(loginMs: number): string {
  return `cannot log in to the database: no answer for ${loginMs} ms`;
}
