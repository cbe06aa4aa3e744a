/** How many undecodable messages in a row are kept as dead letters; the following are only counted. */
export const UNDECODABLE_KEPT = 100;

/** Upper limit for a run, after which a connection is always left. */
const MOST_IN_A_ROW = 2 ** 20;

/**
 * Undecodable messages in a row of one endpoint, over all its connections. One is a single broken message; a
 * hundred mean that the server sends something else.
 *
 * Each connection in a row that is left for this reason doubles the limit of the next, so that a long run of
 * broken messages within a good stream is passed eventually.
 */
export class UndecodableRun {
  #inARow = 0;
  #onConnection = 0;
  #limit = UNDECODABLE_KEPT;

  /** Whether enough messages were kept. */
  get isLong(): boolean {
    return this.#inARow >= UNDECODABLE_KEPT;
  }

  /** The length of the run. */
  get count(): number {
    return this.#inARow;
  }

  connected(): void {
    this.#onConnection = 0;
  }

  /** Adds one. Returns whether the connection should be left. */
  add(): boolean {
    this.#inARow++;
    this.#onConnection++;
    if (this.#onConnection < this.#limit) return false;
    this.#limit = Math.min(MOST_IN_A_ROW, this.#limit * 2);
    return true;
  }

  /** A message could be decoded. */
  end(): void {
    if (this.#inARow === 0) return;
    this.#inARow = this.#onConnection = 0;
    this.#limit = UNDECODABLE_KEPT;
  }
}
