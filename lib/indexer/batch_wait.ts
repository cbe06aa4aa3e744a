/**
 * How long a batch waits for more events after its first one: as long as that event is still committed soon.
 * A transaction costs about as much as a few events, so a slow stream should get few of them.
 */

/** Target time from receipt to commit on a slow stream, milliseconds. */
const COMMITTED_AFTER_MS = 15;

/** Weight of the last batch in the moving average. */
const LAST_COUNTS = 1 / 8;

export class BatchWait {
  readonly #fixedMs: number | null;
  #usualMs = COMMITTED_AFTER_MS;

  /** With a number: a fixed wait. */
  constructor(fixedMs: number | null) {
    this.#fixedMs = fixedMs;
  }

  get ms(): number {
    return this.#fixedMs ?? Math.max(0, COMMITTED_AFTER_MS - this.#usualMs);
  }

  /** Notes how long it took to write a batch. */
  took(ms: number): void {
    this.#usualMs += (ms - this.#usualMs) * LAST_COUNTS;
  }
}
