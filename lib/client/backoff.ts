/** Settings of the wait between failed connections. */
export interface Backoff {
  /** Longest wait after the first failure, milliseconds. */
  readonly baseMs: number;
  /** Longest wait of all, milliseconds. Never exceeded. */
  readonly maxMs: number;
}

/** 2^30 times any base is beyond any maximum; larger exponents only risk infinity. */
const MAX_EXPONENT = 30;

/**
 * How long to wait after `failures` earlier failures (0 for the first), milliseconds: a random part of
 * `baseMs * 2^failures`, capped at `maxMs`.
 *
 * Full jitter: the whole wait is random, so that many clients that lost one server at the same time come back
 * at different times. The random factor is below 1, so the wait is never above the maximum.
 *
 * @param random a number in [0, 1)
 */
export function backoffMs(failures: number, { baseMs, maxMs }: Backoff, random: number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(failures, MAX_EXPONENT));
  return random * ceiling;
}
