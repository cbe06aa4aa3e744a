/** When a repository that could not be compared is retried. */

import type { SourceFailure } from "../pds/source_error.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The first wait, which doubles with each failure in a row; the longest wait; and the number of attempts. */
const WAITS: Readonly<Record<Exclude<SourceFailure, "busy">, readonly [number, number, number]>> = {
  unreachable: [MINUTE_MS / 2, DAY_MS, Infinity],
  invalid: [10 * MINUTE_MS, DAY_MS, Infinity],
  // Failures that only the owner can fix.
  absent: [DAY_MS, 30 * DAY_MS, 6],
  refused: [DAY_MS, 30 * DAY_MS, 6],
  too_large: [DAY_MS, 30 * DAY_MS, 6],
};

/**
 * Milliseconds until the next attempt; null when there is none.
 *
 * @param attempts failures in a row before this one
 * @param askedMs how long the server asked not to be retried
 */
export function retryAfter(
  failure: Exclude<SourceFailure, "busy">,
  attempts: number,
  askedMs: number,
): number | null {
  const [first, longest, most] = WAITS[failure];
  if (attempts + 1 >= most) return null;
  return Math.max(Math.min(first * 2 ** attempts, longest), askedMs);
}
