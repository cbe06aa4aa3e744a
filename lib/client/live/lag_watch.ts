/** An instance this far behind the clock counts as behind, milliseconds. `/ready` requires 60 s. */
export const LAG_LIMIT_MS = 2 * 60_000;

/** How long it is observed before that is decided, milliseconds. */
const LAG_WINDOW_MS = 60_000;

/** An instance that gains less than this share of the elapsed time will not catch up. */
const CATCH_UP_RATE = 0.1;

/**
 * Tells an instance that is behind from one that replays. Both send old events, but a replay runs faster than
 * the clock. A stream without events is not behind.
 */
export class LagWatch {
  #since: number | null = null;
  #lagAtStartMs = 0;

  /**
   * Notes the time of an event that just arrived. Returns whether the instance is behind for good.
   *
   * @param nowMs the wall clock, Unix milliseconds
   * @param monotonicMs the same moment on the monotonic clock
   */
  isBehind(timeUs: number, nowMs: number, monotonicMs: number): boolean {
    const lagMs = nowMs - timeUs / 1000;
    if (lagMs <= LAG_LIMIT_MS) {
      this.#since = null;
      return false;
    }
    const elapsedMs = this.#since === null ? 0 : monotonicMs - this.#since;
    if (this.#since !== null && elapsedMs < LAG_WINDOW_MS) return false;
    const caughtUpMs = this.#lagAtStartMs - lagMs;
    const behind = this.#since !== null && caughtUpMs < elapsedMs * CATCH_UP_RATE;
    this.#since = monotonicMs;
    this.#lagAtStartMs = lagMs;
    return behind;
  }

  /** Resets the observation: the time until now was our own delay. */
  reset(): void {
    this.#since = null;
  }
}
