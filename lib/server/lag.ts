/** How far reading is behind the stream. Times are Unix milliseconds by the wall clock. */
export interface ReadingFacts {
  readonly nowMs: number;
  /** Since when the present connection is read; null while it is not (no connection, or a pause). */
  readonly readingSinceMs: number | null;
  /** When reading last ended; the start of the process when it never began. */
  readonly interruptedAtMs: number;
  /** When the last message came that told its time. */
  readonly lastTimedAtMs: number | null;
  /** The newest time that a received event bore; before the first, that of the stored cursor. */
  readonly newestTimeMs: number | null;
}

/**
 * A server that replays sends without a break. One that has sent nothing for so long has nothing
 * to send: a quiet stream is caught up, however old its last event is.
 */
export const QUIET_MS = 5_000;

/**
 * The lag of reading, milliseconds:
 *
 * - while reading, and something came within the last 5 s: the age of the newest event when it came;
 * - while reading a quiet stream: 0;
 * - while reading and nothing has come yet: the age of the stored cursor, 0 without one;
 * - while not reading: the time for which the stream may hold what we have not seen. That is since
 *   the newest event, or, where the stream was quiet before, since reading ended.
 */
export function readingLagMs(facts: ReadingFacts): number {
  const { nowMs, readingSinceMs, interruptedAtMs, lastTimedAtMs, newestTimeMs } = facts;
  if (readingSinceMs === null) {
    const wasQuiet = lastTimedAtMs !== null && interruptedAtMs - lastTimedAtMs > QUIET_MS;
    const since = wasQuiet ? interruptedAtMs : newestTimeMs ?? interruptedAtMs;
    return Math.max(0, nowMs - since);
  }
  const since = Math.max(readingSinceMs, lastTimedAtMs ?? 0);
  if (newestTimeMs === null || nowMs - since > QUIET_MS) return 0;
  const seenAtMs = lastTimedAtMs !== null && lastTimedAtMs >= readingSinceMs
    ? lastTimedAtMs
    : nowMs;
  return Math.max(0, seenAtMs - newestTimeMs);
}
