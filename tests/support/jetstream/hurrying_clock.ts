import type { Clock } from "../../../lib/client/clock.ts";

interface Held {
  readonly ms: number;
  readonly callback: () => void;
}

/**
 * A clock whose waits end at once, while its time advances as if they had been waited for. Waits
 * of some lengths, those of watchdogs, end only on request.
 */
export class HurryingClock implements Clock {
  /** The ended waits, in the requested milliseconds; waits of 0 are left out. */
  readonly waits: number[] = [];
  readonly #guards: ReadonlySet<number>;
  readonly #held = new Set<Held>();
  #now: number;
  #elapsed = 0;

  constructor(guards: readonly number[] = [], startMs = Date.UTC(2026, 7, 20)) {
    this.#guards = new Set(guards);
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(callback: () => void, ms: number): () => void {
    if (this.#guards.has(ms)) {
      const held = { ms, callback };
      this.#held.add(held);
      return () => this.#held.delete(held);
    }
    const timer = setTimeout(() => {
      this.pass(ms);
      if (ms > 0) this.waits.push(ms);
      callback();
    }, 0);
    return () => clearTimeout(timer);
  }

  /** Advances the time without calling timers. */
  pass(ms: number): void {
    this.#elapsed += ms;
    this.#now += ms;
  }

  /** Ends the watchdogs of this length. */
  expire(ms: number): void {
    for (const held of [...this.#held].filter((held) => held.ms === ms)) {
      this.#held.delete(held);
      held.callback();
    }
  }

  /** How many watchdogs are pending. */
  get guards(): number {
    return this.#held.size;
  }
}
