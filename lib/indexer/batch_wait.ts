/**
 * How long a batch waits for more events, from its first on: as long as that one is committed soon all the
 * same. Each transaction costs about as much as a few events, so a slow stream gets few of them.
 */

/** An event of a slow stream is committed about so long after its receipt, milliseconds. */
const COMMITTED_AFTER_MS = 15;

/** How much the last batch counts in what batches take. */
const LAST_COUNTS = 1 / 8;

export class BatchWait {
  readonly #fixedMs: number | null;
  #usualMs = COMMITTED_AFTER_MS;

  /** A number: it is as long as that. */
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
