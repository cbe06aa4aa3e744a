/** Times ahead of our clock: tells a single wrong time from clocks that differ. */

import type { Clock } from "../clock.ts";

/** Microseconds that an event may be ahead of our clock. */
export const AHEAD_LIMIT_US = 60_000_000;

/** If all events are ahead for this long, milliseconds, a clock is wrong: the server's or ours. */
const CONFIRMED_AFTER_MS = 30_000;

export class ClockWatch {
  /** Since when all events are ahead, by the monotonic clock; null when the last one was not. */
  #since: number | null = null;
  #leastUs = Infinity;
  #differs = false;

  /** The least difference between the clocks, microseconds; null when they agree. */
  get aheadUs(): number | null {
    return this.#differs ? this.#leastUs : null;
  }

  /** Handles an event that far ahead of our clock. Returns whether reading may resume from it. */
  isBelievable(aheadUs: number, clock: Clock): boolean {
    if (aheadUs <= AHEAD_LIMIT_US) {
      this.reset();
      return true;
    }
    this.#since ??= clock.monotonic();
    this.#leastUs = Math.min(this.#leastUs, aheadUs);
    this.#differs ||= clock.monotonic() - this.#since >= CONFIRMED_AFTER_MS;
    return this.#differs && aheadUs <= this.#leastUs + AHEAD_LIMIT_US;
  }

  /** Resets the state for another server. */
  reset(): void {
    this.#since = null;
    this.#leastUs = Infinity;
    this.#differs = false;
  }
}
