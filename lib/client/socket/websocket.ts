import { closeQuietly, writeAll } from "../../byte_stream.ts";
import { type Clock, systemClock } from "../clock.ts";
import { clientControlFrame, clientFrame, type Control, OPCODE } from "./control_frame.ts";
import { dial } from "./dial.ts";
import { FrameParser, type Skip, type Skipped } from "./frame_parser.ts";
import { HandshakeRefusedError } from "./handshake.ts";
import { LinkedAbort } from "../linked_abort.ts";
import type { Subscription } from "../subscription.ts";

/** How a connection is opened. */
export interface OpenOptions {
  readonly signal: AbortSignal;
  /** For DNS, TCP, TLS and the upgrade together, milliseconds. */
  readonly timeoutMs?: number;
  /** Larger messages are passed over and reported. */
  readonly maxMessageBytes?: number;
  /** Certificates (PEM) trusted besides those of the system. */
  readonly caCerts?: readonly string[];
  readonly clock?: Clock;
}

/** What was read: a message, the server's farewell, or a message that is too large. */
export type Received = string | Uint8Array | Exclude<Control, { kind: "ping" | "pong" }>;

const OPEN_TIMEOUT_MS = 15_000;

/** The largest real messages are firehose commits with 2 MB of blocks; the Go client allows this. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

const NORMAL_CLOSURE = new Uint8Array([1000 >> 8, 1000 & 0xff]);

/**
 * A WebSocket that is read by pulling: what nobody reads stays in the socket, and TCP holds the server
 * back.
 *
 * Of the built-in classes, `WebSocket` buffers without bound; `WebSocketStream` hides pings, which are the
 * only sign of life of a quiet stream, and the answer of a server that refuses, and it can't let go of
 * a peer that is silent. Frames cut out of 64 KiB reads also come twice as fast as those of which each is
 * a call into the runtime (measured: 2.4 against 1.1 million messages of 578 bytes a second).
 */
export class JetstreamSocket {
  readonly #conn: Deno.Conn;
  readonly #parser: FrameParser;
  #pongDue: Uint8Array | null = null;
  #writer: Promise<void> | null = null;
  #closed = false;

  private constructor(conn: Deno.Conn, rest: Uint8Array, maxMessageBytes: number) {
    this.#conn = conn;
    this.#parser = new FrameParser(maxMessageBytes);
    this.#parser.room().set(rest);
    this.#parser.filled(rest.length);
  }

  /**
   * Connects and upgrades. TLS certificates are always verified.
   *
   * @throws {HandshakeRefusedError} when the server answers with an HTTP error
   * @throws {Error} when it can't be reached, does not answer in time, or is no WebSocket server; the
   * reason of `signal` when that aborts
   */
  static async open(subscription: Subscription, options: OpenOptions): Promise<JetstreamSocket> {
    const { signal, timeoutMs = OPEN_TIMEOUT_MS, clock = systemClock } = options;
    signal.throwIfAborted();
    using linked = new LinkedAbort(signal);
    const cancelTimer = clock.setTimer(
      () => linked.abort(new Error(`cannot connect: got no answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      const { conn, rest } = await dial(subscription, options.caCerts ?? [], linked.signal);
      if (subscription.hello) await sayHello(conn, subscription.hello, linked.signal);
      return new JetstreamSocket(conn, rest, options.maxMessageBytes ?? MAX_MESSAGE_BYTES);
    } catch (error) {
      signal.throwIfAborted();
      if (linked.signal.aborted && !(error instanceof HandshakeRefusedError)) {
        throw linked.signal.reason;
      }
      throw error;
    } finally {
      cancelTimer();
    }
  }

  /**
   * Waits until the server sent something, and reads it. False when the server went away without a
   * word, or when the socket was closed here.
   *
   * @throws {Error} when the connection breaks
   */
  async read(): Promise<boolean> {
    if (this.#closed) return false;
    try {
      const count = await this.#conn.read(this.#parser.room());
      if (count === null || this.#closed) return false;
      this.#parser.filled(count);
      return true;
    } catch (error) {
      if (this.#closed) return false;
      throw error;
    }
  }

  /**
   * The next of what was read, or null when nothing whole is left. Pings are answered on the way: so a
   * reader that stops reading stops answering, and the server drops it after 5 s.
   *
   * @param skip which text messages are only counted
   * @throws {FrameError} when the server does not keep to the protocol
   */
  next(skip: Skip | null = null): Received | null {
    for (;;) {
      const item = this.#parser.next(skip);
      if (item === null || typeof item === "string" || item instanceof Uint8Array) return item;
      if (item.kind === "ping") this.#answer(item.payload);
      else if (item.kind !== "pong") return item;
    }
  }

  /** Whether a message has begun of which not all has come. Ask after `next` gave null. */
  get isMidMessage(): boolean {
    return this.#parser.isMidMessage;
  }

  /** What `next` skipped since this was last asked; null when nothing was. Ask before more is read. */
  takeSkipped(): Skipped | null {
    return this.#parser.takeSkipped();
  }

  /** Says goodbye if that is possible at once, and closes. Reads that wait return. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const farewell = this.#writer === null
      ? this.#conn.write(clientControlFrame(OPCODE.close, NORMAL_CLOSURE)).catch(() => 0)
      : null;
    closeQuietly(this.#conn);
    await Promise.all([farewell, this.#writer]);
  }

  /** Answers the latest ping; RFC 6455 lets the ones before it go unanswered. */
  #answer(payload: Uint8Array): void {
    this.#pongDue = payload;
    this.#writer ??= this.#writePongs();
  }

  async #writePongs(): Promise<void> {
    try {
      while (this.#pongDue !== null && !this.#closed) {
        const frame = clientControlFrame(OPCODE.pong, this.#pongDue);
        this.#pongDue = null;
        await writeAll(this.#conn, frame);
      }
    } catch {
      // The connection is broken: whoever reads from it is told.
    } finally {
      this.#writer = null;
    }
  }
}

/** Says what is wanted. The server sends nothing before, pings neither, so nothing else is written. */
async function sayHello(conn: Deno.Conn, hello: string, signal: AbortSignal): Promise<void> {
  const hangUp = (): void => closeQuietly(conn);
  signal.addEventListener("abort", hangUp, { once: true });
  try {
    signal.throwIfAborted();
    await writeAll(conn, clientFrame(OPCODE.text, new TextEncoder().encode(hello)));
  } catch (error) {
    hangUp();
    throw error;
  } finally {
    signal.removeEventListener("abort", hangUp);
  }
}
