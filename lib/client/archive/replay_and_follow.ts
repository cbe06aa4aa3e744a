import { backoffMs } from "../backoff.ts";
import { type Clock, sleep, systemClock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import { CursorTooOldError } from "../live/stream_error.ts";
import { type ResumePoint, SURELY_LIVE_US, TIME_CURSOR_FROM } from "../live/resume_point.ts";
import type { Position } from "../../decoder/event.ts";
import { ArchiveStalledError } from "./archive_error.ts";

export interface CycleOptions {
  /** Begin with a replay. Otherwise the archive is replayed only when a cursor is too old. */
  readonly replayFirst: boolean;
  /**
   * Replays the archive; the error is the reason, null for the first replay. Returns the cutover; null when
   * there is no archive and the live stream continues in another way.
   */
  readonly replay: (
    because: CursorTooOldError | null,
  ) => Promise<{ readonly cutover: number | null }>;
  /** Reads the live stream; rejects with a `CursorTooOldError` when that begins too late. */
  readonly follow: () => Promise<void>;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly signal: AbortSignal;
}

/** Replays in a row without progress that leave the cursor too old. */
const MAX_STALLED = 5;

const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };

/**
 * Reads the live stream. Replays the archive before it, and whenever the server no longer has such old
 * events. Returns when `follow` does.
 *
 * @throws {ArchiveStalledError} when the archive repeatedly ends before the live stream begins
 * @throws whatever `replay` and `follow` throw
 */
export async function replayAndFollow(options: CycleOptions): Promise<void> {
  const { replayFirst, replay, follow, clock = systemClock, random = Math.random, signal } =
    options;
  let reached = replayFirst ? (await replay(null)).cutover ?? -1 : -1;
  for (let stalled = 0;;) {
    try {
      return await follow();
    } catch (error) {
      if (!(error instanceof CursorTooOldError)) throw error;
      signal.throwIfAborted();
      const { cutover } = await replay(error);
      if (cutover === null) continue;
      stalled = cutover > reached ? 0 : stalled + 1;
      reached = Math.max(reached, cutover);
      if (stalled === 0) continue;
      if (stalled === MAX_STALLED) {
        throw new ArchiveStalledError(
          `${stalled} replays ended at ${cutover}, and the live stream begins after that: ` +
            error.message,
        );
      }
      await sleep(backoffMs(stalled - 1, BACKOFF, random()), clock, signal);
    }
  }
}

/**
 * Whether the archive of `endpoint` must be replayed before the live stream is requested. The server would
 * say so, but only if it issued the cursor: another server is asked by time, and a v1 server silently skips
 * what it no longer has.
 *
 * @param stored where reading stopped; null when nothing was ever read
 * @param fromArchive whether reading begins with the archive
 * @param nowUs the wall clock, Unix microseconds
 */
export function replaysFirst(
  endpoint: Endpoint,
  stored: ResumePoint | null,
  fromArchive: boolean,
  nowUs: number,
): boolean {
  if (stored === null) return fromArchive;
  return stored.source === endpoint.source && stored.cursor < TIME_CURSOR_FROM &&
    nowUs - stored.timeUs > SURELY_LIVE_US;
}

/**
 * Where a replay of `endpoint`'s archive begins: after everything that is done, as far as known in its
 * numbering. A refused cursor names an event that is still to be read.
 */
export function replayStart(
  endpoint: Endpoint,
  resume: ResumePoint | null,
  because: CursorTooOldError | null,
): Position | null {
  if (resume !== null && resume.source === endpoint.source && resume.cursor < TIME_CURSOR_FROM) {
    const { cursor, timeUs, mark } = resume;
    return { cursor, timeUs, ...(mark === undefined ? {} : { mark }) };
  }
  const refused = Number(because?.cursor ?? 0);
  if (!Number.isSafeInteger(refused) || refused <= 0 || refused >= TIME_CURSOR_FROM) return null;
  return { cursor: refused - 1, timeUs: 0 };
}
