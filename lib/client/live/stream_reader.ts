import type { Position } from "../../decoder/event.ts";
import { sleep } from "../clock.ts";
import type { Skip } from "../socket/frame_parser.ts";
import { isUndecodable, type Message, type MessageResult } from "./message_result.ts";
import { IdleWatchdog } from "./idle_watchdog.ts";
import type { Ending } from "./stream_observer.ts";
import { ProgressWatchdog } from "./progress_watchdog.ts";
import { LinkedAbort } from "../linked_abort.ts";
import type { ReaderOptions } from "./stream_reader_options.ts";
import { printable } from "../server_message.ts";
import { UNDECODABLE_KEPT } from "./undecodable_run.ts";

/**
 * A reader that pauses longer is disconnected: the server waits 5 s for a frame to be written and for its
 * ping to be answered, and the ping queues behind up to 4 MB in kernel buffers. So a longer pause closes the
 * socket on purpose, and reading resumes at the cursor.
 */
export const PAUSE_LIMIT_MS = 2_000;

/**
 * A loop that always finds more to read can starve timers, HTTP and signals (measured on Deno 2.4.2: 66 ms
 * with no work per message). `setTimeout(0)` every 10 ms lets them run; `setImmediate` does not.
 */
const YIELD_EVERY_MS = 10;

/**
 * Reads one connection until it ends, and closes it.
 *
 * Any data shows that the socket is alive, pings included. Every Jetstream and every relay pings at least
 * once a minute, so a peer that is silent for `idleTimeoutMs` is dead. We send no pings: a pong proves only
 * that a socket is open, not that it still gets events. `ProgressWatchdog` checks whether the stream makes
 * progress, and `UndecodableRun` whether it is a valid stream.
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
  readonly #progress: ProgressWatchdog;
  #position: Position | null = null;
  /** Why the connection was closed from outside the loop. */
  #cut: Ending | null = null;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#lastYieldAt = options.clock.monotonic();
    this.#skip = options.skipping?.prefilterFor(options.endpoint) ?? null;
    const { clock, quietMs } = options;
    this.#progress = new ProgressWatchdog(clock, {
      quietMs,
      onQuiet: () => this.#cutOff({ kind: "quiet", forMs: quietMs }),
      onEndless: () => this.#cutOff(broken(new Error("a message began and did not end"))),
    });
    options.undecodable.connected();
  }

  async run(): Promise<Ending> {
    const { socket, clock, idleTimeoutMs, signal } = this.#options;
    const onAbort = (): void => this.#cutOff({ kind: "aborted" });
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    using idle = new IdleWatchdog(clock, idleTimeoutMs, () => this.#cutOff({ kind: "idle" }));
    using _progress = this.#progress;
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

  /** Handles what was read, checks it, and reads more. */
  async #round(idle: IdleWatchdog): Promise<Ending | null> {
    const { onProgress } = this.#options;
    this.#position = null;
    const ending = await this.#takeAll();
    this.#noteSkipped();
    if (ending?.kind === "left") return ending;
    if (this.#position !== null) this.#progress.reached(this.#position);
    this.#progress.waits(this.#options.socket.isMidMessage);
    // Progress counts even when the server's close follows directly.
    const leaving = onProgress(this.#position);
    if (ending !== null || leaving !== null || this.#cut !== null) return ending ?? leaving;
    await this.#yield();
    return await this.#readMore(idle);
  }

  /** Handles message after message; stops after the one that fills the queue. */
  async #takeAll(): Promise<Ending | null> {
    const { socket, flow, onNotice } = this.#options;
    for (;;) {
      if (flow.paused) {
        const ending = await this.#waitForRoom();
        if (ending !== null) return ending;
      }
      if (this.#cut !== null) return null;
      // The first message of a connection is checked before anything is handled.
      const skip = this.#begun ? this.#skip : null;
      const received = attempt(() => socket.next(skip));
      if (received === null) return null;
      this.#progress.messageEnded();
      if (typeof received === "string" || received instanceof Uint8Array) {
        const ending = this.#take(received);
        if (ending !== null) return ending;
      } else if (received.kind === "too_large") {
        onNotice({
          code: "message_too_large",
          message: `skipped a message of ${received.bytes} bytes`,
        });
      } else if (received.kind === "close") {
        return { kind: "closed", code: received.code, reason: printable(received.reason) };
      } else {
        return received;
      }
    }
  }

  #take(message: Message): Ending | null {
    const { endpoint, peek, receive, onStreamNotice, undecodable } = this.#options;
    if (peek !== null && (!this.#begun || undecodable.isLong)) {
      const peeked = peek(message, endpoint);
      // Of a long run only the first are kept: enough to diagnose it.
      if (isUndecodable(peeked) && undecodable.isLong) return this.#addUndecodable(false);
      const ending = this.#begun ? null : this.#begin(peeked);
      if (ending !== null) return ending;
    }
    const result = receive(message, endpoint);
    if (isUndecodable(result)) return this.#addUndecodable();
    if (result !== null && "notice" in result) return onStreamNotice(result);
    this.#endUndecodable();
    if (result === null) return null;
    this.#position = result;
    return this.#begun ? null : this.#begin(result);
  }

  #addUndecodable(isKept = true): Ending | null {
    const { undecodable } = this.#options;
    return undecodable.add(isKept) ? { kind: "undecodable", count: undecodable.count } : null;
  }

  /** The cursor passes what was skipped: nobody sends it again. */
  #endUndecodable(): void {
    const { undecodable, onNotice } = this.#options;
    const skipped = undecodable.end();
    if (skipped === 0) return;
    onNotice({
      code: "undecodable_skipped",
      message:
        `skipped ${skipped} messages that could not be decoded: of so many in a row only the ` +
        `first ${UNDECODABLE_KEPT} are kept`,
    });
  }

  #noteSkipped(): void {
    const { socket, endpoint, skipping } = this.#options;
    const skipped = socket.takeSkipped();
    if (skipped === null || skipping === null) return;
    this.#endUndecodable();
    this.#progress.messageEnded();
    const result = skipping.skipped(skipped, endpoint);
    if (result === null || !("timeUs" in result)) return;
    if (this.#position === null || result.timeUs > this.#position.timeUs) this.#position = result;
  }

  #begin(result: MessageResult): Ending | null {
    if (result === null || !("timeUs" in result)) return null;
    this.#begun = true;
    return this.#options.onFirst(result);
  }

  async #waitForRoom(): Promise<Ending | null> {
    const { flow, clock, signal, onPause } = this.#options;
    onPause();
    using linked = new LinkedAbort(signal);
    const opened = flow.whenOpen(linked.signal).catch(() => {});
    const late = sleep(PAUSE_LIMIT_MS, clock, linked.signal).catch(() => {});
    await Promise.race([opened, late]);
    this.#progress.restart();
    return flow.paused ? { kind: "paused" } : null;
  }

  async #readMore(idle: IdleWatchdog): Promise<Ending | null> {
    const { socket, clock } = this.#options;
    try {
      const { result: more, waitedMs } = await idle.over(() => socket.read());
      // A read that waited has let all other tasks run.
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

  /** Closing the socket wakes a waiting read. */
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
