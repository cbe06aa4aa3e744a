/** Times ahead of our clock: one wrong time is told from a clock that differs. */

import type { Clock } from "../clock.ts";

/** Microseconds that an event may be ahead of our clock. */
export const AHEAD_LIMIT_US = 60_000_000;

/** All events of so long, milliseconds, are ahead: then a clock is wrong, the server's or ours. */
const CONFIRMED_AFTER_MS = 30_000;

export class ClockWatch {
  /** Since when all events are ahead, by the monotonic clock; null when the last one was not. */
  #since: number | null = null;
  #leastUs = Infinity;
  #differs = false;

  /** How far the clocks differ at least, microseconds; null when they agree. */
  get aheadUs(): number | null {
    return this.#differs ? this.#leastUs : null;
  }

  /** Takes an event that is so far ahead of our clock, and says whether reading may go on from there. */
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

  /** Starts over, with another server. */
  reset(): void {
    this.#since = null;
    this.#leastUs = Infinity;
    this.#differs = false;
  }
}
