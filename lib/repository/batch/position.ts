/** Positions of several partitions, and the position from which none of them misses an event. */

import type { CursorUpdate } from "../fold/batch.ts";

export type { CursorUpdate };

/**
 * The least of some positions; null when there are none. Numbers of two sources, or of two numberings of one
 * source, can't be compared: the result is then the least time, without a number.
 */
export function leastPosition(positions: readonly CursorUpdate[]): CursorUpdate | null {
  const [first, ...others] = positions;
  if (first === undefined) return null;
  const earliest = others.reduce((one, other) => other.timeUs < one.timeUs ? other : one, first);
  const lowest = others.reduce((one, other) => other.cursor < one.cursor ? other : one, first);
  const ofOneSource = positions.every(({ source }) => source === first.source);
  if (ofOneSource && lowest.timeUs === earliest.timeUs) return lowest;
  const { timeUs, source } = earliest;
  return { cursor: timeUs, timeUs, source };
}
