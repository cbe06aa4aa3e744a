import { backoffMs } from "../backoff.ts";
import { type Clock, sleep, systemClock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import { CursorTooOldError } from "../live/stream_error.ts";
import { type ResumePoint, SURELY_LIVE_US, TIME_CURSOR_FROM } from "../live/resume_point.ts";
import type { Position } from "../../decoder/event.ts";
import { ArchiveStalledError } from "./archive_error.ts";

export interface CycleOptions {
  /** Begins with a replay. Otherwise there is one only when a cursor is too old. */
  readonly replayFirst: boolean;
  /**
   * Replays the archive, because of this error unless it is the first. Returns the cutover; null when there
   * is no archive, and the live stream is asked for something else.
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

/** Replays in a row that end no further than the one before, and leave the cursor too old. */
const MAX_STALLED = 5;

const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };

/**
 * Reads the live stream, and before it, and whenever its server has no events so old any more, the
 * archive. Returns when `follow` does.
 *
 * @throws {ArchiveStalledError} when the archive ends before the live stream begins, time and again
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
 * Whether the archive beside `endpoint` has to be replayed before the live stream is asked. It would say
 * so itself, but only if this is the server that is asked first: another one is asked by time, and a v1
 * server passes over in silence what it has no longer.
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
 * Where a replay of the archive beside `endpoint` begins: behind what is done, as far as that is known
 * in its numbering. A cursor that was refused names an event that is still to be read.
 */
export function replayStart(
  endpoint: Endpoint,
  resume: ResumePoint | null,
  because: CursorTooOldError | null,
): Position | null {
  if (resume !== null && resume.source === endpoint.source && resume.cursor < TIME_CURSOR_FROM) {
    return { cursor: resume.cursor, timeUs: resume.timeUs };
  }
  const refused = Number(because?.cursor ?? 0);
  if (!Number.isSafeInteger(refused) || refused <= 0 || refused >= TIME_CURSOR_FROM) return null;
  return { cursor: refused - 1, timeUs: 0 };
}
