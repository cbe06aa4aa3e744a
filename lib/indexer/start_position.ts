/** Where reading begins for the partitions that an instance holds. */

import type { ResumePoint } from "../client/live/resume_point.ts";
import type { Config } from "../config.ts";
import { leastPosition } from "../repository/batch/position.ts";

type StartFrom = Config["jetstream"]["startFrom"];

/**
 * The least of the partitions' positions. One that never committed any begins where `START_FROM` says, and all with
 * it. At the live tip it would miss what came since the others began, so there it begins with them.
 */
export function startPosition(
  positions: readonly (ResumePoint | null)[],
  startFrom: StartFrom,
): ResumePoint | null {
  const known = positions.filter((position) => position !== null);
  if (known.length < positions.length && startFrom.kind !== "live") return null;
  return leastPosition(known);
}
