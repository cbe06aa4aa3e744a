import type { Position } from "../../decoder/event.ts";
import { AHEAD_LIMIT_US } from "./clock_watch.ts";
import type { Endpoint } from "../endpoint.ts";
import { timeOfMark } from "./event_mark.ts";
import { type Origin, type ResumePoint, SURELY_LIVE_US } from "./resume_point.ts";

/** What the client knows about where to go on, over all its connections. */
export class ResumeTracker {
  readonly #resumePoint: () => ResumePoint | null;
  readonly #startCursor: string | null;
  /** The first event of this run: where to go on as long as nothing is committed. */
  #firstSeen: ResumePoint | null = null;
  #liveSinceUs: number | null = null;
  #distrusted: ResumePoint | null = null;
  #newestUs = -Infinity;
  /** Of the events that were ahead of our clock. */
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

  /** A connection stands: from `nowUs` on nothing may be missed, even when it brings nothing. */
  connected(nowUs: number): void {
    this.#liveSinceUs ??= nowUs;
  }

  /** The first event of a connection was taken. One of the future is no place to go on. */
  began({ cursor, timeUs }: Position, { source }: Endpoint, nowUs: number): void {
    if (timeUs > nowUs + AHEAD_LIMIT_US) return;
    this.#firstSeen ??= { cursor, timeUs, source };
  }

  /**
   * Notes an event that was taken, and says whether it is newer than all before. A time in the future
   * counts as now: one wrong event must not make all later ones look old.
   */
  isNew({ timeUs }: Position, nowUs: number): boolean {
    const isAhead = timeUs > nowUs + AHEAD_LIMIT_US;
    // The same one again is not new, though it is ever later.
    if (isAhead && timeUs <= this.#newestAheadUs) return false;
    if (isAhead) this.#newestAheadUs = timeUs;
    const boundedUs = Math.min(timeUs, nowUs);
    if (boundedUs <= this.#newestUs) return isAhead;
    this.#newestUs = boundedUs;
    return true;
  }

  /**
   * The cursor in use means nothing to `endpoint` any more. What is taken in after it is trusted again: it is
   * of the new numbering.
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
   * The server has the cursor in use no longer. Where the time was moved on since its event, on a quiet
   * stream, the server may have that, and it is enough.
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
