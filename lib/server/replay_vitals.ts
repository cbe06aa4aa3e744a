/** How far a replay of the archive has come, where 0 stands for what is not known yet. */
export interface ReplayProgress {
  /** Sequence numbers that are behind, and all there are. */
  readonly done: number;
  readonly total: number;
  readonly perSecond: number;
  /** Milliseconds; null while there is no rate. */
  readonly leftMs: number | null;
}

const UNKNOWN: ReplayProgress = { done: 0, total: 0, perSecond: 0, leftMs: null };

/** What the process knows of a replay of the archive, and of the archive that is asked for it. */
export class ReplayVitals {
  #progress: ReplayProgress | null = null;
  #failuresInARow = 0;

  /** Null while there is none. */
  get progress(): ReplayProgress | null {
    return this.#progress;
  }

  /** Requests that came to nothing since the last one that was answered. */
  get failuresInARow(): number {
    return this.#failuresInARow;
  }

  began(): void {
    this.#progress = UNKNOWN;
  }

  progressed(progress: ReplayProgress): void {
    this.#progress = progress;
  }

  /** To its end, to a failure, or because the process was told to stop. */
  ended(): void {
    this.#progress = null;
    this.#failuresInARow = 0;
  }

  requestFailed(event: { readonly failures: number }): void {
    this.#failuresInARow = event.failures;
  }

  requestAnswered(): void {
    this.#failuresInARow = 0;
  }
}
