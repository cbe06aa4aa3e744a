/**
 * How long a batch waits for more events after its first one: as long as that event is still committed soon.
 * A transaction costs about as much as a few events, so a slow stream should get few of them.
 */

/** Within this time from its receipt nearly every event of a slow stream is committed, milliseconds. */
const COMMITTED_WITHIN_MS = 18;

/** Weight of the last batch in the moving averages. */
const LAST_COUNTS = 1 / 16;

/** Batches seldom take longer than usual by more than this many times the usual difference. */
const SELDOM_EXCEEDED = 2;

export class BatchWait {
  readonly #fixedMs: number | null;
  /** How long a batch usually takes, and by how much it usually differs from that. */
  #usualMs = COMMITTED_WITHIN_MS;
  #differenceMs = 0;

  /** With a number: a fixed wait. */
  constructor(fixedMs: number | null) {
    this.#fixedMs = fixedMs;
  }

  get ms(): number {
    const most = this.#usualMs + SELDOM_EXCEEDED * this.#differenceMs;
    return this.#fixedMs ?? Math.max(0, COMMITTED_WITHIN_MS - most);
  }

  /** Notes how long it took to write a batch. */
  took(ms: number): void {
    const longer = ms - this.#usualMs;
    this.#usualMs += longer * LAST_COUNTS;
    this.#differenceMs += (Math.abs(longer) - this.#differenceMs) * LAST_COUNTS;
  }
}
