import type { Clock } from "../clock.ts";

/**
 * Calls back once something has been missing for `ms` milliseconds. `since` returns since when, by the
 * monotonic clock; null while nothing is missing.
 *
 * One timer serves many signs of life: when it fires too early, it is set again for the remaining time.
 */
export class SilenceTimer implements Disposable {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #since: () => number | null;
  readonly #onSilence: () => void;
  #cancel = (): void => {};

  constructor(clock: Clock, ms: number, since: () => number | null, onSilence: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#since = since;
    this.#onSilence = onSilence;
    this.#arm(ms);
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #arm(ms: number): void {
    this.#cancel = this.#clock.setTimer(() => {
      const nowMs = this.#clock.monotonic();
      const silentMs = nowMs - (this.#since() ?? nowMs);
      if (silentMs >= this.#ms) this.#onSilence();
      else this.#arm(this.#ms - silentMs);
    }, ms);
  }
}
