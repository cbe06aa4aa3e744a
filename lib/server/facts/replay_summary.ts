/** A replay of the archive, in a sentence that may be public. */

import { replayStalledSeconds } from "./derived.ts";
import type { Facts, Now } from "./facts.ts";

/** The progress of an archive replay. */
export interface Replay {
  /** Null until the archive reports progress. */
  readonly percent: number | null;
  readonly leftSeconds: number | null;
  readonly failuresInARow: number;
  /** For how long it made no progress; 0 while it does. */
  readonly stalledSeconds: number;
}

/** Null: there is no replay. */
export function replayOf(facts: Facts, now: Now): Replay | null {
  const { source, progress, failuresInARow } = facts.archive;
  if (source === null) return null;
  const { done = 0, total = 0, leftMs = null } = progress ?? {};
  return {
    percent: progress === null ? null : total === 0 ? 100 : Math.floor(100 * done / total),
    leftSeconds: leftMs === null ? null : leftMs / 1000,
    failuresInARow,
    stalledSeconds: replayStalledSeconds(facts, now),
  };
}

/** "replaying the archive: 2 %, about 10 min left" */
export function replayText(
  { percent, leftSeconds, failuresInARow, stalledSeconds }: Replay,
): string {
  const parts = percent === null ? [] : [`${percent} %`];
  if (failuresInARow > 0) parts.push(`requests that failed in a row: ${failuresInARow}`);
  else if (stalledSeconds > 0) parts.push(`nothing arrived for ${timeText(stalledSeconds)}`);
  else if (leftSeconds !== null) parts.push(`about ${timeText(leftSeconds)} left`);
  return `replaying the archive: ${parts.join(", ") || "it has just begun"}`;
}

function timeText(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} d`;
}
