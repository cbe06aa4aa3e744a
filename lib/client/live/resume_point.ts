import type { Position } from "../../decoder/event.ts";
import type { Endpoint } from "../endpoint.ts";
import { AHEAD_LIMIT_US } from "./clock_watch.ts";
import type { Notice } from "./stream_observer.ts";

/** Where reading should go on. */
export interface ResumePoint extends Position {
  /** `Endpoint.source` of the instance that issued the cursor. */
  readonly source: string;
}

/** What the first event of a replay is measured against. */
export type Expectation =
  /** A cursor of the same instance: its event comes again, first. A cursor of the operator has no time. */
  | {
    readonly kind: "cursor";
    readonly cursor: number;
    readonly timeUs: number | null;
    readonly mark?: string;
  }
  /** A time: events from about then on, and the first of them before `lostAfterUs`. */
  | { readonly kind: "time"; readonly timeUs: number; readonly lostAfterUs: number }
  | { readonly kind: "none" };

/** How to begin one connection. */
export interface Start {
  /** For the query; null is the live tip. */
  readonly cursor: string | null;
  readonly expectation: Expectation;
  readonly notice: Notice | null;
}

/** What there is to begin from, in the order of preference. */
export interface Origin {
  /** Where reading should go on, once anything is known of that. */
  readonly resume: ResumePoint | null;
  /** The cursor of `resume` is known not to work on its own instance: use its time. */
  readonly distrusted: boolean;
  /** What the operator asked for, sent as it is; null for the live tip. */
  readonly startCursor: string | null;
  /** When the first connection stood, Unix microseconds; null before that. */
  readonly liveSinceUs: number | null;
}

/** A cursor from here on is Unix microseconds, below it a sequence number. */
export const TIME_CURSOR_FROM = 1e15;

export function isTimeCursor(cursor: number): boolean {
  return cursor >= TIME_CURSOR_FROM;
}

/** Whether a position is a time by our own clock, from before any event. */
export function isTimeOnly({ cursor, mark }: Position): boolean {
  return isTimeCursor(cursor) && mark === undefined;
}

/** A server keeps events for 36 hours on the live stream, if its operator doesn't say otherwise. */
export const SURELY_LIVE_US = 30 * 3_600 * 1_000_000;

/**
 * How far a time cursor goes back when a number can't be used.
 *
 * Every instance stamps an event with its own clock when it sees it, and the instance that we left
 * may have been behind by as much as we tolerate (`LAG_LIMIT_MS`, two minutes). A server that crashes
 * loses what it has not flushed, 4096 rows or 30 seconds, and sees it again. Five minutes cover both and
 * two bad clocks. What is sent twice is recognised as duplicates; a full network sends some
 * hundred thousand events in that time.
 */
export const RESUME_MARGIN_US = 5 * 60 * 1_000_000;

/** As above, on the instance that numbers by its own time: it sends events a little out of order. */
const ORDER_MARGIN_US = 10 * 1_000_000;

/** As above, for a start at the live tip that was cut off before it brought anything: clocks only. */
const LIVE_MARGIN_US = 10 * 1_000_000;

/**
 * Chooses the cursor for a connection to `endpoint`.
 *
 * On the instance that issued it a cursor is used as it is. It names the last event that is done
 * with, and that event is sent again: servers of v1 and v2 replay inclusively, and the firehose, which
 * replays from the next one on, is asked one number earlier, because the events of one firehose message
 * share a number and may be only partly done with. On any other instance a sequence number
 * is never used, since it names some other event there or, worse, none yet, and then the server
 * starts at the live tip without a word. What remains is the time, less `RESUME_MARGIN_US`.
 *
 * @param nowUs the wall clock, Unix microseconds
 */
export function chooseStart(endpoint: Endpoint, origin: Origin, nowUs: number): Start {
  const { resume, distrusted, startCursor, liveSinceUs } = origin;
  if (resume === null) {
    if (startCursor !== null) return fromStartCursor(startCursor, nowUs);
    if (liveSinceUs === null) return { cursor: null, expectation: { kind: "none" }, notice: null };
    return fromTime(endpoint, liveSinceUs - LIVE_MARGIN_US, liveSinceUs);
  }
  const timeUs = Math.min(resume.timeUs, nowUs);
  const { cursor, mark } = resume;
  if (resume.source !== endpoint.source || distrusted || isTimeOnly(resume)) {
    const start = fromTime(endpoint, timeUs - RESUME_MARGIN_US, timeUs);
    return isTimeOnly(resume)
      ? { ...start, notice: start.notice ?? futureNotice(cursor, nowUs) }
      : start;
  }
  if (isTimeCursor(cursor)) {
    return fromTime(endpoint, cursor - ORDER_MARGIN_US, cursor);
  }
  const asked = endpoint.protocol === "firehose" ? Math.max(0, cursor - 1) : cursor;
  return {
    cursor: String(asked),
    expectation: { kind: "cursor", cursor, timeUs, ...(mark === undefined ? {} : { mark }) },
    notice: null,
  };
}

function fromStartCursor(startCursor: string, nowUs: number): Start {
  const cursor = Number(startCursor);
  const expectation: Expectation = !isTimeCursor(cursor)
    ? { kind: "cursor", cursor, timeUs: null }
    : cursor === TIME_CURSOR_FROM
    ? { kind: "none" } // As early as the server can.
    : { kind: "time", timeUs: cursor, lostAfterUs: cursor };
  return { cursor: startCursor, expectation, notice: futureNotice(cursor, nowUs) };
}

function fromTime(endpoint: Endpoint, timeUs: number, lostAfterUs: number): Start {
  if (endpoint.protocol === "firehose") {
    return {
      cursor: null,
      expectation: { kind: "none" },
      notice: {
        code: "no_time_cursor",
        message: `${endpoint.source} takes no time as a cursor, so it starts at the live tip; ` +
          `events since ${isoTime(lostAfterUs)} may be missing`,
      },
    };
  }
  // A stored time before 1970 + 31 years would read as a sequence number. It can only be a wrong
  // one; the least time cursor makes the server begin as early as it can.
  const asked = Math.max(TIME_CURSOR_FROM, Math.floor(timeUs));
  return {
    cursor: String(asked),
    expectation: { kind: "time", timeUs: asked, lostAfterUs },
    notice: null,
  };
}

function futureNotice(cursor: number, nowUs: number): Notice | null {
  if (!isTimeCursor(cursor) || cursor <= nowUs + AHEAD_LIMIT_US) return null;
  return {
    code: "cursor_in_future",
    message:
      `the cursor ${cursor} (${isoTime(cursor)}) lies in the future; events before what is ` +
      "read from now on may be missing",
  };
}

/** RFC 3339 of Unix microseconds, to the millisecond; the number itself when no date can hold it. */
export function isoTime(timeUs: number): string {
  const date = new Date(timeUs / 1000);
  return Number.isNaN(date.getTime()) ? `${timeUs} us` : date.toISOString();
}
