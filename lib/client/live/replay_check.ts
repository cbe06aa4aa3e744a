import type { Position } from "../../decoder/event.ts";
import { AHEAD_LIMIT_US } from "./clock_watch.ts";
import type { Protocol } from "../endpoint.ts";
import { isSameMark } from "./event_mark.ts";
import type { Notice } from "./stream_observer.ts";
import { type Expectation, isoTime, isTimeCursor } from "./resume_point.ts";

/** What is wrong with the beginning of a replay. */
export interface ReplayFault {
  readonly notice: Notice;
  /** The server does not know this cursor: only a request by time can recover the missing events. */
  readonly useless: boolean;
}

/** What a replay is checked against besides its first event. */
export interface ReplayContext {
  readonly protocol: Protocol;
  /**
   * Whether the stream is limited to chosen accounts: then silence may last, and a late event means nothing.
   */
  readonly byAccount: boolean;
  /** The wall clock, Unix microseconds. */
  readonly nowUs: number;
}

/**
 * How much later than the stored position a replay may begin: the network has several identity and account
 * events a second, which no collection filter removes.
 */
const LATE_AFTER_US = 10 * 1_000_000;

/** The same on the firehose, whose times come from the clocks of all hosts. */
const FIREHOSE_LATE_AFTER_US = 60 * 1_000_000;

/**
 * Checks the first event of a connection against the requested cursor.
 *
 * Servers ignore some cursors silently and start at the live tip: one beyond their last number, one in the
 * future, or any when lookback is switched off. Everything since the cursor would be an unnoticed gap. Nor do
 * they say when a number now means another event: after a crash, on a replica, on a rebuilt instance. The
 * first event shows it.
 */
export function checkReplay(
  expectation: Expectation,
  first: Position,
  context: ReplayContext,
): ReplayFault | null {
  switch (expectation.kind) {
    case "none":
      return null;
    case "time":
      return checkTime(expectation, first, context);
    case "cursor":
      return checkNumber(expectation, first, context);
  }
}

function checkNumber(
  { cursor, timeUs, mark }: Expectation & { kind: "cursor" },
  first: Position,
  context: ReplayContext,
): ReplayFault | null {
  const asked = `requested from cursor ${cursor} on`;
  if (isTimeCursor(first.cursor)) {
    const message = `${asked}, and the server numbers by time: it read the cursor ` +
      "as a time in 1970 and replays everything it has";
    return { useless: false, notice: { code: "numbering_changed", message } };
  }
  const gap = remedy(timeUs, context);
  if (first.cursor < cursor) {
    const message =
      `${asked}, got ${first.cursor} first: the server restarted its numbering; ${gap}`;
    return { useless: true, notice: { code: "went_live", message } };
  }
  if (timeUs === null) return checkStart(cursor, first, context);
  if (first.cursor === cursor) {
    if (isExpected(first, timeUs, mark)) return null;
    const message =
      `${asked}, got another event of that number: the server restarted its numbering; ${gap}`;
    const code = context.protocol === "firehose" ? "went_live" : "renumbered";
    return { useless: true, notice: { code, message } };
  }
  if (context.protocol === "firehose") {
    return checkLate(timeUs, first, FIREHOSE_LATE_AFTER_US, context) ??
      checkStart(cursor, first, context);
  }
  // The cursor's event may have been compacted away, so the next one comes. Or the numbering is another one.
  if (mark === undefined && first.timeUs - timeUs <= LATE_AFTER_US) return null;
  const message = `${asked}, got ${first.cursor} first, of ${isoTime(first.timeUs)}; ${gap}`;
  return { useless: true, notice: { code: "cursor_doubted", message } };
}

/**
 * An operator's cursor has no time that would show how much is missing, and a relay accepts no time. Every
 * filter skips numbers, and so do relays that drop an account: this is worth a log line, not an alarm.
 */
function checkStart(
  cursor: number,
  first: Position,
  { byAccount }: ReplayContext,
): ReplayFault | null {
  if (byAccount || first.cursor <= cursor + 1) return null;
  const message = `requested from cursor ${cursor} on, got ${first.cursor} first, of ` +
    `${
      isoTime(first.timeUs)
    }: what is between does not match the filter, or the server does not have it`;
  return { useless: false, notice: { code: "started_later", message } };
}

function remedy(timeUs: number | null, { protocol }: ReplayContext): string {
  if (timeUs === null) return "events before that may be missing";
  return protocol === "firehose"
    ? `events since ${isoTime(timeUs)} are missing`
    : `requesting from ${isoTime(timeUs)} on instead`;
}

/** Without a mark, the time may be somewhat before that of the event, and never after it. */
function isExpected(first: Position, timeUs: number, mark: string | undefined): boolean {
  if (mark !== undefined) return isSameMark(mark, first.mark ?? String(first.timeUs));
  return first.timeUs >= timeUs && first.timeUs - timeUs <= INEXACT_US;
}

/** How inexact the time of a position without a mark may be. */
const INEXACT_US = 10 * 60 * 1_000_000;

function checkTime(
  { timeUs, lostAfterUs }: Expectation & { kind: "time" },
  first: Position,
  context: ReplayContext,
): ReplayFault | null {
  // The server's clock was ahead and has been corrected: the requested time is now in its future.
  if (timeUs > context.nowUs + AHEAD_LIMIT_US && first.timeUs < timeUs - AHEAD_LIMIT_US) {
    const message = `requested events from ${isoTime(timeUs)} on, got one of ` +
      `${
        isoTime(first.timeUs)
      }: the server's clock was changed; requesting from an earlier time on`;
    return { useless: true, notice: { code: "went_live", message } };
  }
  return checkLate(lostAfterUs, first, LATE_AFTER_US, context);
}

function checkLate(
  sinceUs: number,
  first: Position,
  toleranceUs: number,
  { byAccount }: ReplayContext,
): ReplayFault | null {
  if (byAccount || first.timeUs - sinceUs <= toleranceUs) return null;
  return {
    useless: false,
    notice: {
      code: "replay_starts_late",
      message: `reading stopped at ${isoTime(sinceUs)}, and the first event is of ` +
        `${isoTime(first.timeUs)}: events between may be missing`,
    },
  };
}
