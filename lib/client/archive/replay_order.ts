/** What a replay checks of the server: its numbers are still the same, and rows and plans only go forward. */

import type { Block } from "../../decoder/archive/block.ts";
import type { Position } from "../../decoder/event.ts";
import { timeOfMark } from "../live/event_mark.ts";
import { ArchiveStalledError, DamageError, RenumberedError } from "./archive_error.ts";
import { isoTime } from "../live/resume_point.ts";
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

/**
 * Checks the last row up to the position where the replay begins. It is the position's event, or an earlier one if
 * that was compacted away. In another numbering it is of another time, and events before it may never have been
 * read. Without such a row, and without the event's exact time, nothing is known.
 *
 * @throws {RenumberedError} when the row contradicts the position
 */
export function checkNumbering(block: Block, { cursor, mark }: Position): void {
  let row = -1;
  while (row + 1 < block.length && block.seq(row + 1) <= cursor) row++;
  if (row === -1 || mark === undefined) return;
  const seenUs = timeOfMark(mark);
  const witnessedUs = block.witnessedAt(row);
  const isSame = block.seq(row) === cursor
    ? witnessedUs === seenUs || block.indexedAt(row) === seenUs
    : witnessedUs <= seenUs;
  if (isSame) return;
  throw new RenumberedError(
    `got row ${block.seq(row)} of ${isoTime(witnessedUs)}, expected the event ${cursor} of ` +
      `${isoTime(seenUs)}: the server restarted its numbering`,
  );
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
