/** Times ahead of our clock: tells a single wrong time from clocks that differ. */

import type { Clock } from "../clock.ts";

/** Microseconds that an event may be ahead of our clock. */
export const AHEAD_LIMIT_US = 60_000_000;

/** If all events are ahead for this long, milliseconds, a clock is wrong: the server's or ours. */
const CONFIRMED_AFTER_MS = 30_000;

export class ClockWatch {
  /** When the current half minute began, by the monotonic clock; null before its first event. */
  #since: number | null = null;
  /** The least difference in it so far, microseconds. */
  #leastUs = Infinity;
  /** The least difference in the half minute before it. */
  #confirmedUs: number | null = null;

  /** The least difference between the clocks lately, microseconds; null when they agree. */
  get aheadUs(): number | null {
    return this.#confirmedUs;
  }

  /** Handles an event that far ahead of our clock. Returns whether reading may resume from it. */
  isBelievable(aheadUs: number, clock: Clock): boolean {
    if (aheadUs <= AHEAD_LIMIT_US) {
      this.reset();
      return true;
    }
    const nowMs = clock.monotonic();
    this.#since ??= nowMs;
    this.#leastUs = Math.min(this.#leastUs, aheadUs);
    if (nowMs - this.#since >= CONFIRMED_AFTER_MS) {
      // Measured anew each time: a clock can be set again, and a replay approaches its difference from below.
      this.#confirmedUs = this.#leastUs;
      this.#since = null;
      this.#leastUs = Infinity;
    }
    return this.#confirmedUs !== null && aheadUs <= this.#confirmedUs + AHEAD_LIMIT_US;
  }

  /** Resets the state for another server. */
  reset(): void {
    this.#since = null;
    this.#leastUs = Infinity;
    this.#confirmedUs = null;
  }
}
