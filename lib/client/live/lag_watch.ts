/** An instance this far behind the clock is behind, milliseconds. `/ready` wants 60 s. */
export const LAG_LIMIT_MS = 2 * 60_000;

/** It is watched for this long before it is judged, milliseconds. */
const LAG_WINDOW_MS = 60_000;

/** Who catches up by less than this part of the time that passes, will not catch up. */
const CATCH_UP_RATE = 0.1;

/**
 * Tells an instance that is behind from one that replays: the events of both are old, but a replay runs
 * faster than the clock. A stream without events is not behind.
 */
export class LagWatch {
  #since: number | null = null;
  #lagAtStartMs = 0;

  /**
   * Notes the time of an event that just came, and says whether the instance is behind for good.
   *
   * @param nowMs the wall clock, Unix milliseconds
   * @param monotonicMs the same moment on a clock that never jumps
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

  /** Starts over: the time until now was held up by ourselves. */
  reset(): void {
    this.#since = null;
  }
}
