import { type Clock, sleep } from "../clock.ts";
import type { ArchiveObserver } from "./replay_observer.ts";

/** Limit for any Retry-After: a server may have used a wrong clock. */
export const MAX_DEFERRAL_MS = 5 * 60_000;

/** Parallel requests with the same Retry-After are spread over this time. */
const SPREAD_MS = 1_000;

export interface RateLimitOptions {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly observer: ArchiveObserver;
}

/** A Retry-After of the archive's server: it delays all requests. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  /** By the monotonic clock. */
  #closedUntil = -Infinity;

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Delays all requests. Reported once, although every running request may get the same answer. */
  defer(ms: number): void {
    const { clock, observer } = this.#options;
    const now = clock.monotonic();
    const closed = this.#closedUntil > now;
    const deferral = Math.min(MAX_DEFERRAL_MS, ms);
    this.#closedUntil = Math.max(this.#closedUntil, now + deferral);
    if (closed) return;
    const seconds = Math.ceil(deferral / 1000);
    const message = `the archive limits requests, the next one follows in ${seconds} s`;
    observer.notice?.({ code: "archive_rate_limited", message });
  }

  /** Resolves when a request may be sent. Rejects with the reason of `signal` when that aborts. */
  async passed(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    for (;;) {
      const ms = this.#closedUntil - clock.monotonic();
      if (ms <= 0) return;
      await sleep(ms + random() * SPREAD_MS, clock, signal);
    }
  }
}
