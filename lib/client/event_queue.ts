import { type Clock, systemClock } from "./clock.ts";
import { type Flow, Pause, type PauseObserver } from "./pause.ts";

/** Limits of the queue. */
export interface QueueLimits {
  /** Pauses above this many items. */
  readonly pauseAt: number;
  /** Resumes below this many items. */
  readonly resumeAt: number;
  /** Pauses at this many items whatever `pauseAt` says; exceeded only by the rest of one message. */
  readonly max: number;
  /** Pauses at this many bytes, resumes at a tenth of it. */
  readonly maxBytes: number;
}

export interface QueueOptions {
  readonly limits: QueueLimits;
  /** Interval at which a continuing pause is reported, milliseconds. */
  readonly pauseAlertMs: number;
  readonly observer?: PauseObserver;
  readonly clock?: Clock;
}

/** How much to take, and how long to wait for it. */
export interface TakeOptions {
  readonly maxItems: number;
  /** Total size of the items; a single larger one is allowed. Default: all waiting items. */
  readonly maxBytes?: number;
  /** Counted from when the first waiting item was pushed. */
  readonly maxWaitMs: number;
  readonly signal: AbortSignal;
}

/** Reading resumes at this part of `maxBytes`: far from the limit, so that it does not flap. */
const RESUME_BYTES_PART = 10;

interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
  readonly pushedAt: number;
}

/**
 * Items between reading and writing, bounded in number and in bytes, in order of arrival.
 *
 * It never drops or rejects an item. When it is full it reports `paused`; the reader then leaves further data
 * in the socket, where TCP slows the server down. One message can bring several items, so the queue can
 * exceed its limits by the rest of one message, and by no more.
 *
 * One taker at a time.
 */
export class EventQueue<T> implements Flow, Disposable {
  readonly #limits: QueueLimits;
  readonly #clock: Clock;
  readonly #pause: Pause;
  readonly #waiting: Waiting<T>[] = [];
  #bytes = 0;
  #wakeTaker: (() => void) | null = null;
  #wakeAt = 0;
  #wakeAtBytes = Infinity;
  #ended = false;

  /** @throws {RangeError} when the limits contradict each other */
  constructor({ limits, pauseAlertMs, observer = {}, clock = systemClock }: QueueOptions) {
    const { pauseAt, resumeAt, max, maxBytes } = limits;
    if (!(resumeAt >= 1 && resumeAt <= pauseAt && pauseAt <= max && maxBytes >= 1)) {
      throw new RangeError(
        `cannot make a queue: got resume ${resumeAt}, pause ${pauseAt}, max ${max}, ` +
          `max bytes ${maxBytes}, expected 1 <= resume <= pause <= max and at least 1 byte`,
      );
    }
    this.#limits = limits;
    this.#clock = clock;
    this.#pause = new Pause({ pauseAlertMs, observer, clock });
  }

  /** Number of waiting items. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Size of the waiting items, as given to `push`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The first waiting item; null when none waits. */
  get oldest(): T | null {
    return this.#waiting[0]?.item ?? null;
  }

  /** The waiting items, in order. */
  get items(): readonly T[] {
    return this.#waiting.map(({ item }) => item);
  }

  get paused(): boolean {
    return this.#pause.paused;
  }

  /** Adds an item of about `bytes` bytes of memory. */
  push(item: T, bytes: number): void {
    this.#waiting.push({ item, bytes, pushedAt: this.#clock.monotonic() });
    this.#bytes += bytes;
    const { pauseAt, max, maxBytes } = this.#limits;
    const full = this.size > pauseAt || this.size >= max || this.#bytes >= maxBytes;
    if (full) this.#pause.begin();
    // The taker is woken for the first item, to start its wait, and for the last one that it gets.
    const enough = this.size >= this.#wakeAt || this.#bytes >= this.#wakeAtBytes;
    if (this.size === 1 || enough || full) this.#wakeTaker?.();
  }

  /**
   * Takes up to `maxItems`, in order: when that many items or `maxBytes` are waiting, or `maxWaitMs` after
   * the first waiting item was pushed, or at once when the queue is full or has ended. Empty only at the end.
   *
   * Rejects with the reason of `signal` when that aborts; the items stay.
   */
  async take(options: TakeOptions): Promise<T[]> {
    const { maxItems, maxBytes = Infinity, maxWaitMs, signal } = options;
    signal.throwIfAborted();
    while (!this.#ended && !this.paused && this.size < maxItems && this.#bytes < maxBytes) {
      const first = this.#waiting[0];
      const waitMs = first ? first.pushedAt + maxWaitMs - this.#clock.monotonic() : null;
      if (waitMs !== null && waitMs <= 0) break;
      this.#wakeAtBytes = maxBytes;
      await this.#wake(waitMs, maxItems, signal);
    }
    return this.#remove(this.#countOf(maxItems, maxBytes));
  }

  /** Nothing more will be pushed; a waiting taker returns. */
  end(): void {
    this.#ended = true;
    this.#wakeTaker?.();
  }

  whenOpen(signal: AbortSignal): Promise<void> {
    return this.#pause.whenOpen(signal);
  }

  /** Ends the pause, if there is one: nobody reads any more. Waiting items can still be taken. */
  [Symbol.dispose](): void {
    this.end();
    this.#pause.end();
  }

  #wake(waitMs: number | null, wakeAt: number, signal: AbortSignal): Promise<void> {
    if (this.#wakeTaker !== null) {
      throw new Error("cannot take from the queue: got a second taker, expected one at a time");
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#wakeTaker = null;
        cancelTimer?.();
        signal.removeEventListener("abort", onAbort);
      };
      const wake = (): void => {
        settle();
        resolve();
      };
      const onAbort = (): void => {
        settle();
        reject(signal.reason);
      };
      this.#wakeTaker = wake;
      this.#wakeAt = wakeAt;
      const cancelTimer = waitMs === null ? null : this.#clock.setTimer(wake, waitMs);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** How many of the first items are within both limits: at least one. */
  #countOf(maxItems: number, maxBytes: number): number {
    const most = Math.min(maxItems, this.size);
    let bytes = 0;
    for (let count = 0; count < most; count++) {
      bytes += this.#waiting[count]?.bytes ?? 0;
      if (bytes > maxBytes && count > 0) return count;
    }
    return most;
  }

  #remove(count: number): T[] {
    const taken = this.#waiting.splice(0, count);
    for (const { bytes } of taken) this.#bytes -= bytes;
    const { resumeAt, maxBytes } = this.#limits;
    if (this.size < resumeAt && this.#bytes <= maxBytes / RESUME_BYTES_PART) this.#pause.end();
    return taken.map(({ item }) => item);
  }
}
