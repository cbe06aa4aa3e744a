import type { Clock } from "../../../lib/client/clock.ts";

interface Timer {
  readonly due: number;
  readonly ms: number;
  readonly callback: () => void;
}

/** Real time after which an expected wait counts as missing, milliseconds. */
const NEVER_MS = 60_000;

/** Timers in one step of a clock. More mean a timer that sets itself again endlessly. */
const MOST_CALLS = 100_000;

/** A clock that a test controls. */
export class FakeClock implements Clock {
  #now: number;
  #elapsed = 0;
  readonly #timers = new Set<Timer>();
  #waiters: { readonly ms: number; readonly resolve: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 7, 20)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(callback: () => void, ms: number): () => void {
    const timer: Timer = { due: this.#elapsed + ms, ms, callback };
    this.#timers.add(timer);
    this.#waiters = this.#waiters.filter(({ ms: wanted, resolve }) => {
      if (wanted !== ms) return true;
      resolve();
      return false;
    });
    return () => this.#timers.delete(timer);
  }

  /** The pending waits, in the requested milliseconds. */
  get pending(): number[] {
    return [...this.#timers].map(({ ms }) => ms);
  }

  /** Resolves when a wait of exactly `ms` is pending. One that never comes fails the test. */
  whenPending(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const never = setTimeout(() => {
        reject(new Error(`expected a wait of ${ms} ms, got ${this.pending.join(", ") || "none"}`));
      }, NEVER_MS);
      const found = (): void => {
        clearTimeout(never);
        resolve();
      };
      if (this.pending.includes(ms)) found();
      else this.#waiters.push({ ms, resolve: found });
    });
  }

  /** Advances the time and calls due timers in order. */
  advance(ms: number): void {
    const until = this.#elapsed + ms;
    for (let called = 0;; called++) {
      if (called > MOST_CALLS) throw new Error(`a timer is set again and again within ${ms} ms`);
      const next = [...this.#timers].filter(({ due }) => due <= until)
        .toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#pass(next.due - this.#elapsed);
      next.callback();
    }
    this.#pass(until - this.#elapsed);
  }

  /** Sets the wall clock alone, as an operator or NTP would. */
  setNow(ms: number): void {
    this.#now = ms;
  }

  #pass(ms: number): void {
    this.#elapsed += ms;
    this.#now += ms;
  }
}
