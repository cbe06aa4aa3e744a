import type { Position } from "../decoder/event.ts";
import type { Notice } from "./observer.ts";
import { type Expectation, isoTime, TIME_CURSOR_FROM } from "./resume.ts";

/** What is wrong with how a replay began. */
export interface ReplayFault {
  readonly notice: Notice;
  /** The cursor means nothing to this server: only a time can bring back what is missing. */
  readonly useless: boolean;
}

/**
 * A replay may begin this much later than asked before it counts as late. The event at the cursor
 * comes again, unless compaction removed it since; then the next one comes, and the network
 * has several identity and account events a second, which no collection filter holds back.
 */
const LATE_AFTER_US = 10 * 60 * 1_000_000;

/**
 * Measures the first event of a connection against the cursor that was asked for.
 *
 * Servers say nothing when they ignore a cursor: one that is beyond their last number, one that is in
 * the future, or any at all where lookback is switched off, starts at the live tip, and everything
 * since the cursor is a gap that nobody notices. It shows in the first event.
 *
 * @param byAccount whether the stream is of chosen accounts only: then silence may last, and a late
 * first event after a time says nothing
 */
export function checkReplay(
  expectation: Expectation,
  first: Position,
  byAccount: boolean,
): ReplayFault | null {
  if (expectation.kind === "none") return null;
  if (expectation.kind === "time") {
    return byAccount ? null : checkLate(expectation.timeUs, first);
  }
  const { cursor, timeUs } = expectation;
  if (cursor >= TIME_CURSOR_FROM) {
    // An instance that numbers by time. Should it number by sequence by now, it still takes a time.
    return first.cursor === cursor ? null : checkLate(cursor, first);
  }
  if (first.cursor >= TIME_CURSOR_FROM) {
    return {
      useless: false,
      notice: {
        code: "numbering_changed",
        message:
          `asked from cursor ${cursor} on, and the server numbers by time: it read the cursor ` +
          "as a time in 1970 and replays all that it has",
      },
    };
  }
  if (first.cursor < cursor) {
    return {
      useless: true,
      notice: {
        code: "went_live",
        message:
          `asked from cursor ${cursor} on, got ${first.cursor} first: the server has another ` +
          "numbering and started at the live tip",
      },
    };
  }
  if (timeUs === null || first.cursor === cursor) return null;
  return checkLate(timeUs, first);
}

function checkLate(askedUs: number, first: Position): ReplayFault | null {
  if (first.timeUs - askedUs <= LATE_AFTER_US) return null;
  return {
    useless: false,
    notice: {
      code: "replay_starts_late",
      message: `asked for events from ${isoTime(askedUs)} on, the first one is of ` +
        `${isoTime(first.timeUs)}: events between may be missing`,
    },
  };
}
