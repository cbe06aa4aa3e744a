import type { Clock } from "../clock.ts";

/**
 * Calls back once something has been missing for `ms` milliseconds. `since` says since when it is
 * missing, by the monotonic clock; null while it is not.
 *
 * One timer serves many signs of life: it is set again for as long as the present silence still has.
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
