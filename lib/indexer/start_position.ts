/** Where reading begins for the partitions of an instance. */

import type { ResumePoint } from "../client/live/resume_point.ts";
import type { Config } from "../config.ts";
import { leastPosition } from "../repository/batch/position.ts";

type StartFrom = Config["jetstream"]["startFrom"];

/**
 * The least of the partitions' positions. If one never committed any, reading begins where `START_FROM` says,
 * for all. With `START_FROM=live` that partition would miss what came since the others began, so it begins
 * with them.
 */
export function startPosition(
  positions: readonly (ResumePoint | null)[],
  startFrom: StartFrom,
): ResumePoint | null {
  const known = positions.filter((position) => position !== null);
  if (known.length < positions.length && startFrom.kind !== "live") return null;
  return leastPosition(known);
}
