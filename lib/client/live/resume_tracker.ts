import type { Position } from "../../decoder/event.ts";
import { AHEAD_LIMIT_US } from "./clock_watch.ts";
import type { Endpoint } from "../endpoint.ts";
import { timeOfMark } from "./event_mark.ts";
import { type Origin, type ResumePoint, SURELY_LIVE_US } from "./resume_point.ts";

/** The client's knowledge of where to resume, over all its connections. */
export class ResumeTracker {
  readonly #resumePoint: () => ResumePoint | null;
  readonly #startCursor: string | null;
  /** The first event of this run: the resume point while nothing is committed. */
  #firstSeen: ResumePoint | null = null;
  #liveSinceUs: number | null = null;
  #distrusted: ResumePoint | null = null;
  #newestUs = -Infinity;
  /** Newest time of the events that were ahead of our clock. */
  #newestAheadUs = -Infinity;

  constructor(resumePoint: () => ResumePoint | null, startCursor: string | null) {
    this.#resumePoint = resumePoint;
    this.#startCursor = startCursor;
  }

  /** Where to begin on `endpoint`. */
  resumeStateFor(endpoint: Endpoint, nowUs: number): Origin {
    const resume = this.#resume;
    if (resume !== null) this.isNew(resume, nowUs);
    return {
      resume,
      distrusted: resume?.source === endpoint.source && this.#isDistrusted(resume),
      startCursor: this.#startCursor,
      liveSinceUs: this.#liveSinceUs,
    };
  }

  /** A connection is open: from `nowUs` on nothing may be missed, even if it brings nothing. */
  connected(nowUs: number): void {
    this.#liveSinceUs ??= nowUs;
  }

  /** The first event of a connection was handled. A time in the future is not used for resuming. */
  began({ cursor, timeUs }: Position, { source }: Endpoint, nowUs: number): void {
    if (timeUs > nowUs + AHEAD_LIMIT_US) return;
    this.#firstSeen ??= { cursor, timeUs, source };
  }

  /**
   * Notes a handled event. Returns whether it is newer than all before. A time in the future counts as now:
   * one wrong event must not make all later ones look old.
   */
  isNew({ timeUs }: Position, nowUs: number): boolean {
    const isAhead = timeUs > nowUs + AHEAD_LIMIT_US;
    // The same event again is not new, although the clock has advanced.
    if (isAhead && timeUs <= this.#newestAheadUs) return false;
    if (isAhead) this.#newestAheadUs = timeUs;
    const boundedUs = Math.min(timeUs, nowUs);
    if (boundedUs <= this.#newestUs) return isAhead;
    this.#newestUs = boundedUs;
    return true;
  }

  /**
   * The current cursor means nothing to `endpoint` any more. Cursors received afterwards are trusted again:
   * they are of the new numbering.
   *
   * @returns whether there is something else to begin from
   */
  distrust(endpoint: Endpoint): boolean {
    const resume = this.#resume;
    if (resume?.source !== endpoint.source || this.#isDistrusted(resume)) return false;
    this.#distrusted = resume;
    return true;
  }

  /**
   * The server no longer has the current cursor. If the position's time was advanced on a quiet stream, the
   * server may still have that time, which is enough.
   *
   * @returns whether there is such a time to begin from
   */
  outlived(endpoint: Endpoint, nowUs: number): boolean {
    const { mark, timeUs } = this.#resume ?? {};
    if (mark === undefined || timeUs === undefined || timeOfMark(mark) >= timeUs) return false;
    return nowUs - timeUs <= SURELY_LIVE_US && this.distrust(endpoint);
  }

  get #resume(): ResumePoint | null {
    return this.#resumePoint() ?? this.#firstSeen;
  }

  #isDistrusted({ source, cursor, mark }: ResumePoint): boolean {
    const distrusted = this.#distrusted;
    return distrusted !== null && distrusted.source === source &&
      distrusted.cursor === cursor && distrusted.mark === mark;
  }
}
