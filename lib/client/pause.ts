/** Reading pauses while the queue is full. */

import type { Clock } from "./clock.ts";

/** Whether more may be read. The client stops reading the socket while paused. */
export interface Flow {
  readonly paused: boolean;
  /** Resolves when not paused. Rejects with the reason of `signal` when that aborts. */
  whenOpen(signal: AbortSignal): Promise<void>;
}

/** Reports of pauses. */
export interface PauseObserver {
  paused?(): void;
  /** `durationMs` is the whole pause, however many alerts it had. */
  resumed?(durationMs: number): void;
  /** Called at every multiple of the alert time, with the duration of the pause so far. */
  stillPaused?(durationMs: number): void;
}

export interface PauseOptions {
  /** Interval at which a continuing pause is reported, milliseconds. */
  readonly pauseAlertMs: number;
  readonly observer: PauseObserver;
  readonly clock: Clock;
}

/** The current pause, if there is one: who waits for its end, and what is reported of it. */
export class Pause implements Flow {
  readonly #options: PauseOptions;
  #startedAt: number | null = null;
  #cancelAlert: (() => void) | null = null;
  #openers: (() => void)[] = [];

  constructor(options: PauseOptions) {
    this.#options = options;
  }

  get paused(): boolean {
    return this.#startedAt !== null;
  }

  whenOpen(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (!this.paused) return resolve();
      const open = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#openers = this.#openers.filter((opener) => opener !== open);
        reject(signal.reason);
      };
      this.#openers.push(open);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Begins a pause, unless there is one. */
  begin(): void {
    if (this.#startedAt !== null) return;
    this.#startedAt = this.#options.clock.monotonic();
    this.#armAlert(this.#startedAt);
    this.#options.observer.paused?.();
  }

  /** Ends the pause, if there is one. */
  end(): void {
    if (this.#startedAt === null) return;
    const durationMs = this.#options.clock.monotonic() - this.#startedAt;
    this.#startedAt = null;
    this.#cancelAlert?.();
    this.#cancelAlert = null;
    this.#options.observer.resumed?.(durationMs);
    const openers = this.#openers;
    this.#openers = [];
    for (const open of openers) open();
  }

  /** An alert never resets the start of the pause: the duration reported at its end is the whole. */
  #armAlert(startedAt: number): void {
    const { clock, observer, pauseAlertMs } = this.#options;
    this.#cancelAlert = clock.setTimer(() => {
      this.#armAlert(startedAt);
      observer.stillPaused?.(clock.monotonic() - startedAt);
    }, pauseAlertMs);
  }
}
