import type { Clock } from "../clock.ts";
import { SilenceTimer } from "./silence_timer.ts";

/**
 * Detects a dead peer: a read that waits for too long. The time between reads, when the queue is full, does
 * not count.
 */
export class IdleWatchdog implements Disposable {
  readonly #clock: Clock;
  readonly #timer: SilenceTimer;
  /** Since when a read waits; null while none does. */
  #waitingSince: number | null = null;

  constructor(clock: Clock, idleMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#timer = new SilenceTimer(clock, idleMs, () => this.#waitingSince, onIdle);
  }

  /** Runs a read. Returns its result, and how long it waited, milliseconds. */
  async over<T>(
    read: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly waitedMs: number }> {
    const since = this.#waitingSince = this.#clock.monotonic();
    try {
      return { result: await read(), waitedMs: this.#clock.monotonic() - since };
    } finally {
      this.#waitingSince = null;
    }
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}
