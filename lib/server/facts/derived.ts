/** Values derived from the facts at a moment: ages, waits and the lag. Pure. */

import type { Facts, Now } from "./facts.ts";
import type { Observation } from "./history.ts";
import type { ReadingFacts } from "./stream_facts.ts";

/**
 * A server that replays sends without a pause. One that has sent nothing for this long has nothing to send: a
 * quiet stream is caught up, however old its last event is.
 */
export const QUIET_MS = 5_000;

/** A replay with progress reports every ten seconds. */
const REPLAY_MOVES_SECONDS = 60;

export function isConnected({ connection }: Facts): boolean {
  return connection.sinceMs !== null;
}

export function isPaused({ pausedAt }: Facts): boolean {
  return pausedAt !== null;
}

export function isReplaying({ archive }: Facts): boolean {
  return archive.source !== null;
}

/** Time since the last progress of a replay; 0 without a replay, or while it makes progress. */
export function replayStalledSeconds({ archive }: Facts, now: Now): number {
  if (archive.source === null) return 0;
  const seconds = (now.monotonic - archive.progressAt) / 1000;
  return seconds > REPLAY_MOVES_SECONDS ? seconds : 0;
}

/** How long the current pause has lasted; 0 when there is none. */
export function pausedSeconds({ pausedAt }: Facts, now: Now): number {
  return pausedAt === null ? 0 : (now.monotonic - pausedAt) / 1000;
}

export function uptimeSeconds({ startedAt }: Facts, now: Now): number {
  return (now.monotonic - startedAt.monotonic) / 1000;
}

/** Time since the last commit; since the start when there was none. */
export function sinceProgressSeconds({ progressAt }: Facts, now: Now): number {
  return (now.monotonic - progressAt) / 1000;
}

/** How long the oldest uncommitted message has waited; 0 when none waits. */
export function oldestWaitingSeconds({ backlog }: Facts, now: Now): number {
  const { oldest } = backlog();
  return oldest === null ? 0 : Math.max(0, now.monotonic - oldest.receivedAt) / 1000;
}

export function isStandby({ pipeline }: Facts): boolean {
  return pipeline === "standby";
}

/** There is a connection to the stream, or none is needed: in a pause, which may close it, and on a standby. */
export function isConnectedAsNeeded(facts: Facts): boolean {
  return isConnected(facts) || isPaused(facts) || isStandby(facts);
}

/**
 * Age of the committed position, or of the process if there is none: both grow in a stall. 0 on a standby,
 * which commits nothing.
 */
export function cursorAgeSeconds(facts: Facts, now: Now): number {
  if (isStandby(facts)) return 0;
  const { position, startedAt } = facts;
  const sinceMs = position === null ? startedAt.ms : position.timeUs / 1000;
  return Math.max(0, now.ms - sinceMs) / 1000;
}

/**
 * How far the committed position is behind the stream: the age of the oldest uncommitted event. When
 * everything received is committed, that event is still on the server: its age is the reading lag or, during
 * a replay of the archive, the age of the last committed event. 0 on a standby.
 */
export function lagSeconds(facts: Facts, now: Now): number {
  if (isStandby(facts)) return 0;
  const { oldest } = facts.backlog();
  if (oldest === null) {
    return isReplaying(facts)
      ? cursorAgeSeconds(facts, now)
      : readingLagMs(facts.reading, now.ms) / 1000;
  }
  // Imported records can have old times: no uncommitted event counts as older than the committed position.
  const timeUs = Math.max(oldest.timeUs ?? -Infinity, facts.position?.timeUs ?? -Infinity);
  const age = timeUs === -Infinity ? 0 : (now.ms - timeUs / 1000) / 1000;
  return Math.max(age, oldestWaitingSeconds(facts, now));
}

/**
 * The reading lag, milliseconds:
 *
 * - while reading, with a message within the last 5 s: the age of the newest event when it arrived;
 * - while reading a quiet stream: 0;
 * - while reading before the first message: the age of the stored cursor, 0 without one;
 * - while not reading: how long the stream may have held unread events. That is the time since the newest
 * event or, if the stream was quiet before, since reading ended.
 */
export function readingLagMs(
  { sinceMs, interruptedAtMs, lastTimedAtMs, newestTimeMs }: ReadingFacts,
  nowMs: number,
): number {
  if (sinceMs === null) {
    const wasQuiet = lastTimedAtMs !== null && interruptedAtMs - lastTimedAtMs > QUIET_MS;
    const since = wasQuiet ? interruptedAtMs : newestTimeMs ?? interruptedAtMs;
    return Math.max(0, nowMs - since);
  }
  const since = Math.max(sinceMs, lastTimedAtMs ?? 0);
  if (newestTimeMs === null || nowMs - since > QUIET_MS) return 0;
  const seenAtMs = lastTimedAtMs !== null && lastTimedAtMs >= sinceMs ? lastTimedAtMs : nowMs;
  return Math.max(0, seenAtMs - newestTimeMs);
}

/** What the history keeps. */
export function observationOf(facts: Facts, now: Now): Observation {
  const { source, failuresInARow } = facts.connection;
  // The first attempt is running: that is not a lost connection.
  const begins = source === null && failuresInARow === 0;
  const replaying = isReplaying(facts);
  return {
    lagSeconds: lagSeconds(facts, now),
    connected: isConnectedAsNeeded(facts) || begins || replaying,
    replaying,
  };
}
