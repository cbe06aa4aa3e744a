/** So many undecodable messages in a row are kept as dead letters; all after them are only counted. */
export const UNDECODABLE_KEPT = 100;

/** However long a run is, a connection is left in the end. */
const MOST_IN_A_ROW = 2 ** 20;

/**
 * Messages in a row of one endpoint that can't be decoded, over all its connections. One is a message
 * that goes alone; a hundred are a server that sends something else.
 *
 * Each connection in a row that is left for it may bring twice as many, so that a long run of bad messages
 * in the midst of a good stream is got over in the end.
 */
export class UndecodableRun {
  #inARow = 0;
  #onConnection = 0;
  #limit = UNDECODABLE_KEPT;

  /** Whether as many are kept as are to be. */
  get isLong(): boolean {
    return this.#inARow >= UNDECODABLE_KEPT;
  }

  /** How many there were in a row. */
  get count(): number {
    return this.#inARow;
  }

  connected(): void {
    this.#onConnection = 0;
  }

  /** One more. Returns whether the connection is to be left. */
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
