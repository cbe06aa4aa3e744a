/** What a replay checks of the server: rows and plans only go forward. */

import { ArchiveStalledError, DamageError } from "./archive_error.ts";
import type { PlannedSegment, PlanPage } from "./replay_plan.ts";

/** Rows ascend over all blocks and are within their segment: anything else is the wrong block. */
export class RowOrder {
  #last = 0;

  check(first: number, last: number, { name, minSeq, maxSeq }: PlannedSegment): void {
    if (first > this.#last && first >= minSeq && last <= maxSeq) return;
    throw new DamageError(
      `got rows ${first} to ${last} after ${this.#last}, expected rows of ${name}, ` +
        `${minSeq} to ${maxSeq}`,
    );
  }

  passed(last: number): void {
    this.#last = last;
  }
}

/** Each page must end after the previous one and within the archive, or the replay would never end. */
export function checkAdvance(page: PlanPage, before: number, tip: number): void {
  const { plannedThroughSeq, sealedTipSeq } = page;
  if (plannedThroughSeq > before && plannedThroughSeq <= Math.min(tip, sealedTipSeq)) return;
  throw new ArchiveStalledError(
    `got a plan through ${plannedThroughSeq}, expected one after ${before} and up to ` +
      `${Math.min(tip, sealedTipSeq)}`,
  );
}
