/** How many undecodable messages in a row are kept as dead letters; the following are counted and skipped. */
export const UNDECODABLE_KEPT = 100;

/** Upper limit for a run, after which a connection is always left. */
const MOST_IN_A_ROW = 2 ** 20;

/**
 * Undecodable messages in a row of one endpoint, over all its connections. One is a single broken message; a
 * hundred mean that the server sends something else.
 *
 * Each connection that is left for this reason doubles the limit of the next, so that a long run of broken messages
 * within a good stream is passed eventually. Only a message that is newer than all before ends that: the servers
 * send the one at the cursor again.
 */
export class UndecodableRun {
  #inARow = 0;
  #onConnection = 0;
  #skipped = 0;
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
    this.#onConnection = this.#skipped = 0;
  }

  /** Adds one. Returns whether the connection should be left. */
  add(isKept = true): boolean {
    if (!isKept) this.#skipped++;
    this.#inARow++;
    this.#onConnection++;
    if (this.#onConnection < this.#limit) return false;
    this.#limit = Math.min(MOST_IN_A_ROW, this.#limit * 2);
    return true;
  }

  /** A message could be decoded. Returns how many before it, on this connection, were not kept. */
  end(): number {
    const skipped = this.#skipped;
    this.#inARow = this.#onConnection = this.#skipped = 0;
    return skipped;
  }

  /** A message is newer than all before. */
  passed(): void {
    this.#limit = UNDECODABLE_KEPT;
  }
}
