import type { Position } from "../decoder/event.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Skip } from "./frames.ts";
import type { Heard, Message, Skipping, StreamNotice } from "./heard.ts";
import { IdleWatch } from "./idle_watch.ts";
import type { Ending, Notice } from "./observer.ts";
import type { Flow } from "./queue.ts";
import { Scope } from "./scope.ts";
import { printable } from "./server_words.ts";
import type { JetstreamSocket } from "./websocket.ts";

export interface ReaderOptions {
  readonly socket: JetstreamSocket;
  readonly endpoint: Endpoint;
  readonly flow: Flow;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Silence for so long means that the peer is gone, milliseconds. */
  readonly idleTimeoutMs: number;
  /**
   * Where a message stands, without taking it. Asked until a message tells, so that a wrong beginning is
   * seen before anything of it is taken.
   */
  readonly peek: ((message: Message, endpoint: Endpoint) => Heard) | null;
  /** Takes a message. Must not throw for what the server sent. */
  readonly receive: (message: Message, endpoint: Endpoint) => Heard;
  /** Messages that need not be taken one by one; null takes each. */
  readonly skipping: Skipping | null;
  /** Judges the first position of the connection. Anything but null ends it. */
  readonly onFirst: (position: Position) => Ending | null;
  /** Judges after each read, with the last position in it if there was one. */
  readonly onProgress: (position: Position | null) => Ending | null;
  readonly onStreamNotice: (notice: StreamNotice) => Ending | null;
  readonly onNotice: (notice: Notice) => void;
  /** Called when reading stopped because the queue is full. */
  readonly onPause: () => void;
}

/**
 * A reader that stops for longer is dropped: the server waits 5 s for a frame to be written and for its
 * ping to be answered, and the ping stands behind up to 4 MB in the kernel's buffers. So a longer
 * pause closes the socket on purpose, and its end resumes at the cursor.
 */
export const PAUSE_LIMIT_MS = 2_000;

/**
 * A loop that always finds more to read can hold up timers, HTTP and signals (measured on Deno 2.4.2: 66 ms
 * with nothing done for a message). `setTimeout(0)` every 10 ms lets them in; `setImmediate` does not.
 */
const YIELD_EVERY_MS = 10;

/**
 * Reads one connection until it ends, and closes it.
 *
 * Liveness: whatever comes counts, pings included, and nothing else does. Every Jetstream and every
 * relay pings at least once a minute, so a quiet collection keeps its connection for ever, and a peer
 * that is silent for `idleTimeoutMs` is gone. We send no pings: a pong proves that a socket lives, not
 * that anyone still feeds it.
 *
 * @throws whatever `receive` throws: that is a fault of this program, not of the stream
 */
export async function readStream(options: ReaderOptions): Promise<Ending> {
  return await new Reader(options).run();
}

class Reader {
  readonly #options: ReaderOptions;
  #lastYieldAt: number;
  #begun = false;
  readonly #skip: Skip | null;
  #position: Position | null = null;
  /** Why the connection was ended from outside the loop. */
  #cut: Ending | null = null;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#lastYieldAt = options.clock.monotonic();
    this.#skip = options.skipping?.lookFor(options.endpoint) ?? null;
  }

  async run(): Promise<Ending> {
    const { socket, clock, idleTimeoutMs, signal } = this.#options;
    const onAbort = (): void => this.#cutOff({ kind: "aborted" });
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    using idle = new IdleWatch(clock, idleTimeoutMs, () => this.#cutOff({ kind: "idle" }));
    try {
      for (;;) {
        const ending = await this.#round(idle);
        if (this.#cut !== null) return this.#cut;
        if (ending !== null) return ending;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      await socket.close();
    }
  }

  /** Takes what was read, judges it, and reads more. */
  async #round(idle: IdleWatch): Promise<Ending | null> {
    const { onProgress } = this.#options;
    this.#position = null;
    const ending = await this.#takeAll();
    this.#noteSkipped();
    if (ending?.kind === "left") return ending;
    // Progress counts also when the server said goodbye right behind it.
    const verdict = onProgress(this.#position);
    if (ending !== null || verdict !== null || this.#cut !== null) return ending ?? verdict;
    await this.#yield();
    return await this.#readMore(idle);
  }

  /** Takes message after message, and stops behind the one that fills the queue. */
  async #takeAll(): Promise<Ending | null> {
    const { socket, flow, onNotice } = this.#options;
    for (;;) {
      if (flow.paused) {
        const ending = await this.#waitForRoom();
        if (ending !== null) return ending;
      }
      if (this.#cut !== null) return null;
      // The first message of a connection is judged before anything is taken.
      const skip = this.#begun ? this.#skip : null;
      const received = attempt(() => socket.next(skip));
      if (received === null) return null;
      if (typeof received === "string" || received instanceof Uint8Array) {
        const ending = this.#take(received);
        if (ending !== null) return ending;
      } else if (received.kind === "too_large") {
        onNotice({
          code: "message_too_large",
          message: `passed over a message of ${received.bytes} bytes`,
        });
      } else if (received.kind === "close") {
        return { kind: "closed", code: received.code, reason: printable(received.reason) };
      } else {
        return received;
      }
    }
  }

  #take(message: Message): Ending | null {
    const { endpoint, peek, receive, onStreamNotice } = this.#options;
    if (!this.#begun && peek !== null) {
      const ending = this.#begin(peek(message, endpoint));
      if (ending !== null) return ending;
    }
    const heard = receive(message, endpoint);
    if (heard === null) return null;
    if ("notice" in heard) return onStreamNotice(heard);
    this.#position = heard;
    return this.#begun ? null : this.#begin(heard);
  }

  #noteSkipped(): void {
    const { socket, endpoint, skipping } = this.#options;
    const skipped = socket.takeSkipped();
    if (skipped === null || skipping === null) return;
    const heard = skipping.skipped(skipped, endpoint);
    if (heard === null || "notice" in heard) return;
    if (this.#position === null || heard.timeUs > this.#position.timeUs) this.#position = heard;
  }

  #begin(heard: Heard): Ending | null {
    if (heard === null || "notice" in heard) return null;
    this.#begun = true;
    return this.#options.onFirst(heard);
  }

  async #waitForRoom(): Promise<Ending | null> {
    const { flow, clock, signal, onPause } = this.#options;
    onPause();
    using scope = new Scope(signal);
    const opened = flow.whenOpen(scope.signal).catch(() => {});
    const late = sleep(PAUSE_LIMIT_MS, clock, scope.signal).catch(() => {});
    await Promise.race([opened, late]);
    return flow.paused ? { kind: "paused" } : null;
  }

  async #readMore(idle: IdleWatch): Promise<Ending | null> {
    const { socket, clock } = this.#options;
    try {
      const { result: more, waitedMs } = await idle.over(() => socket.read());
      // A read that waited has let everything else in.
      if (waitedMs > 1) this.#lastYieldAt = clock.monotonic();
      return more ? null : { kind: "closed", code: 1006, reason: "" };
    } catch (error) {
      return broken(error);
    }
  }

  async #yield(): Promise<void> {
    const { clock, signal } = this.#options;
    if (clock.monotonic() - this.#lastYieldAt < YIELD_EVERY_MS) return;
    await sleep(0, clock, signal).catch(() => {});
    this.#lastYieldAt = clock.monotonic();
  }

  /** Closing the socket wakes a read that waits. */
  #cutOff(ending: Ending): void {
    this.#cut ??= ending;
    void this.#options.socket.close();
  }
}

function attempt<T>(step: () => T): T | Ending {
  try {
    return step();
  } catch (error) {
    return broken(error);
  }
}

function broken(error: unknown): Ending {
  return { kind: "broken", error: error instanceof Error ? error : new Error(String(error)) };
}
