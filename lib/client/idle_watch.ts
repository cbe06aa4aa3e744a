import type { Clock } from "./clock.ts";

/**
 * Watches over reads: one that waits for too long has nobody at its other end. Between two reads, when
 * the queue is full, no time counts.
 */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  /** Since when a read waits; null while none does. */
  #waitingSince: number | null = null;
  #cancel = (): void => {};

  constructor(clock: Clock, idleMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
    this.#arm(idleMs);
  }

  /** Does a read. Returns what it brought, and how long it waited, milliseconds. */
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
    this.#cancel();
  }

  /** One timer for many reads: it is set again for as long as the present one still has. */
  #arm(ms: number): void {
    this.#cancel = this.#clock.setTimer(() => {
      const nowMs = this.#clock.monotonic();
      const waitedMs = nowMs - (this.#waitingSince ?? nowMs);
      if (waitedMs >= this.#idleMs) this.#onIdle();
      else this.#arm(this.#idleMs - waitedMs);
    }, ms);
  }
}
