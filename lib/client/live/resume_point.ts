import type { Position } from "../../decoder/event.ts";
import type { Endpoint } from "../endpoint.ts";
import { AHEAD_LIMIT_US } from "./clock_watch.ts";
import type { Notice } from "./stream_observer.ts";

/** The position from which reading resumes. */
export interface ResumePoint extends Position {
  /** `Endpoint.source` of the instance that issued the cursor. */
  readonly source: string;
}

/** What the first event of a replay is checked against. */
export type Expectation =
  /** A cursor of the same instance: its event is sent again, first. An operator's cursor has no time. */
  | {
    readonly kind: "cursor";
    readonly cursor: number;
    readonly timeUs: number | null;
    readonly mark?: string;
  }
  /** A time: events from about then on, with the first of them before `lostAfterUs`. */
  | { readonly kind: "time"; readonly timeUs: number; readonly lostAfterUs: number }
  | { readonly kind: "none" };

/** How to begin one connection. */
export interface Start {
  /** For the query; null is the live tip. */
  readonly cursor: string | null;
  readonly expectation: Expectation;
  readonly notice: Notice | null;
}

/** The possible starting points, in order of preference. */
export interface Origin {
  /** The position to resume from, once known. */
  readonly resume: ResumePoint | null;
  /** The cursor of `resume` does not work on its own instance: use its time. */
  readonly distrusted: boolean;
  /** The operator's cursor, sent as it is; null for the live tip. */
  readonly startCursor: string | null;
  /** When the first connection was opened, Unix microseconds; null before that. */
  readonly liveSinceUs: number | null;
}

/** A cursor from here on is Unix microseconds, below it a sequence number. */
export const TIME_CURSOR_FROM = 1e15;

export function isTimeCursor(cursor: number): boolean {
  return cursor >= TIME_CURSOR_FROM;
}

/** Whether a position is only a time by our own clock, from before any event. */
export function isTimeOnly({ cursor, mark }: Position): boolean {
  return isTimeCursor(cursor) && mark === undefined;
}

/** A server's live stream keeps 36 hours by default. */
export const SURELY_LIVE_US = 30 * 3_600 * 1_000_000;

/**
 * How far a time cursor goes back when a number can't be used.
 *
 * Each instance stamps an event with its own clock when it receives it, and the previous instance may have
 * been behind by as much as is tolerated (`LAG_LIMIT_MS`, two minutes). A server that crashes loses up to
 * 4096 rows or 30 seconds that it has not flushed, and receives them again. Five minutes cover both, and two
 * inaccurate clocks. Events that come twice are recognised as duplicates; a full network sends some hundred
 * thousand events in that time.
 */
export const RESUME_MARGIN_US = 5 * 60 * 1_000_000;

/** As above, on the instance that numbers by its own time: it sends events a little out of order. */
const ORDER_MARGIN_US = 10 * 1_000_000;

/** As above, for a start at the live tip that was interrupted before the first event: clocks only. */
const LIVE_MARGIN_US = 10 * 1_000_000;

/**
 * Chooses the cursor for a connection to `endpoint`.
 *
 * On the instance that issued it a cursor is used as it is. It names the last committed event, and that event
 * is sent again. Servers of v1 and v2 replay inclusively. The firehose replays from the next number, so it is
 * asked for one number less: the events of one firehose message share a number and may be only partly
 * committed. On any other instance a sequence number is never used: it names another event there or, worse,
 * none yet, and then the server silently starts at the live tip. What remains is the time, less
 * `RESUME_MARGIN_US`.
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
        message: `${endpoint.source} accepts no time as a cursor, so it starts at the live tip; ` +
          `events since ${isoTime(lostAfterUs)} may be missing`,
      },
    };
  }
  // A stored time before 1970 + 31 years would read as a sequence number. Such a time is wrong; the least
  // time cursor makes the server begin as early as it can.
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
    message: `the cursor ${cursor} (${isoTime(cursor)}) is in the future; events before those ` +
      "read from now on may be missing",
  };
}

/**
 * RFC 3339 of Unix microseconds, to the millisecond; the number itself when it exceeds the range of dates.
 */
export function isoTime(timeUs: number): string {
  const date = new Date(timeUs / 1000);
  return Number.isNaN(date.getTime()) ? `${timeUs} us` : date.toISOString();
}
