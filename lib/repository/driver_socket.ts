/**
 * The socket as npm:postgres 3.4.9 gets it. That driver writes from a `setImmediate` to a socket
 * that it has dropped meanwhile, which ends the process with an error that nobody can catch, or
 * leaves a connection that never answers (porsager/postgres, issues 1154 and 1208). So it is never
 * told that a connection closed which it has used: every query on a lost one fails, those to come
 * too.
 */

import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type net from "node:net";
import { clearImmediate, setImmediate } from "node:timers";
import { ConnectionError, lostConnection } from "./connection_error.ts";

export interface DriverSocketOptions {
  /** How long the server may take to let us in, milliseconds. */
  readonly loginMs: number;
  /** Told when a connection is lost that was in use, perhaps more than once. */
  readonly lost: () => void;
  /** Told when the driver has given it back. */
  readonly closed: (socket: DriverSocket) => void;
}

/** ReadyForQuery of an idle session: the end of what the server says at a login. */
const READY = Buffer.from("Z\0\0\0\x05I", "latin1");

export class DriverSocket extends EventEmitter {
  readonly #options: DriverSocketOptions;
  readonly #socket: net.Socket | null;
  /**
   * Where the connection stands. A login that failed is over only when the driver has heard of it.
   */
  #state: "login" | "open" | "failed" | "refused" | "ended" | "destroyed" = "login";
  #failure: Error | null = null;
  /** What the driver wrote in this turn of the event loop. */
  #unsent: Uint8Array[] = [];
  /** The last bytes that came during the login. */
  #tail = Buffer.alloc(0);
  #login: ReturnType<typeof setTimeout> | undefined;
  #later: ReturnType<typeof setImmediate> | undefined;

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
      if (this.#state === "login") this.#watchLogin(chunk);
      this.emit("data", chunk);
    });
    opened.on("drain", () => this.emit("drain"));
    opened.on("error", (error) => this.#fail(error));
    opened.on("close", () => this.#closed());
    const { loginMs } = options;
    this.#login = setTimeout(() => {
      this.#fail(new Error(`no answer for ${loginMs} ms`));
      opened.destroy();
    }, loginMs);
    // It was stopped while TLS was agreed on.
    opened.resume();
  }

  get readyState(): string {
    return this.#socket === null || this.#failure !== null ? "closed" : this.#socket.readyState;
  }

  /**
   * Sends all that the driver writes in one turn at once. It writes each statement by itself, and
   * every one would wait until the event loop comes round to it, with Postgres waiting for it.
   */
  write(chunk: Uint8Array | null): boolean {
    // On Deno 2.4 the driver's `setImmediate` can still run after it was cleared, when both
    // belong to one turn of the event loop: then all that it would write is written.
    if (chunk === null) return true;
    if (this.#failure === null && this.#socket !== null) {
      if (this.#unsent.push(chunk) === 1) queueMicrotask(() => this.#send());
    } else {
      queueMicrotask(() => this.#tellFailure());
    }
    return true;
  }

  #send(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    if (unsent.length > 0 && this.#failure === null) this.#socket?.write(Buffer.concat(unsent));
  }

  /** The driver is done with the connection. */
  end(lastWords?: Uint8Array): void {
    this.#leaveLogin("ended");
    this.#send();
    if (this.#failure === null && lastWords !== undefined) this.#socket?.end(lastWords);
  }

  /** Ends the connection at once, whatever is on its way. The driver would open another if told. */
  destroy(): void {
    clearTimeout(this.#login);
    clearImmediate(this.#later);
    this.#failure ??= lostConnection();
    this.#state = "destroyed";
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
    if (this.#tail.equals(READY)) this.#leaveLogin("open");
  }

  #leaveLogin(state: "open" | "ended"): void {
    clearTimeout(this.#login);
    this.#state = state;
  }

  #closed(): void {
    if (this.#state === "ended") this.#giveBack();
    else this.#fail(); // Where it hasn't failed already.
  }

  #fail(cause?: Error): void {
    if (this.#failure !== null || this.#state === "ended") return;
    clearTimeout(this.#login);
    this.#failure = this.#state === "login" ? noLogin(cause) : lostConnection(cause);
    this.#tellFailure();
  }

  #tellFailure(): void {
    // Without a listener an emitter throws it.
    if (this.listenerCount("error") > 0) this.emit("error", this.#failure);
    if (this.#state === "login") {
      this.#state = "refused";
      // No transaction knows this connection, and after one round the driver has written all of the
      // login that it still had: it can be told.
      this.#later = setImmediate(() => {
        this.#later = setImmediate(() => this.#giveBack());
      });
    } else if (this.#state === "open" || this.#state === "failed") {
      this.#state = "failed";
      this.#options.lost();
    }
  }

  #giveBack(): void {
    this.#options.closed(this);
    this.emit("close");
  }
}

/** A server also closes a connection because it, or we, don't like who the other is. */
function noLogin(cause: Error = new Error("the server closed the connection")): ConnectionError {
  return new ConnectionError("08001", `cannot connect to the database: ${cause.message}`);
}
