import type { Position } from "../decoder/event.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Origin, ResumePoint } from "./resume.ts";

/** What the client knows about where to go on, over all its connections. */
export class OriginTracker {
  readonly #resumePoint: () => ResumePoint | null;
  readonly #startCursor: string | null;
  /** The first event of this run: where to go on as long as nothing is committed. */
  #firstSeen: ResumePoint | null = null;
  #liveSinceUs: number | null = null;
  #distrusted: { readonly source: string; readonly cursor: number } | null = null;
  #newestUs = -Infinity;

  constructor(resumePoint: () => ResumePoint | null, startCursor: string | null) {
    this.#resumePoint = resumePoint;
    this.#startCursor = startCursor;
  }

  /** Where to begin on `endpoint`. */
  originFor(endpoint: Endpoint, nowUs: number): Origin {
    const resume = this.#resumePoint() ?? this.#firstSeen;
    if (resume !== null) this.isNew(resume, nowUs);
    return {
      resume,
      distrusted: resume !== null && this.#isDistrusted(resume, endpoint),
      startCursor: this.#startCursor,
      liveSinceUs: this.#liveSinceUs,
    };
  }

  /** A connection stands: from `nowUs` on nothing may be missed, even when it brings nothing. */
  connected(nowUs: number): void {
    this.#liveSinceUs ??= nowUs;
  }

  /** The first event of a connection was taken. */
  began(position: Position, endpoint: Endpoint): void {
    const { cursor, timeUs } = position;
    this.#firstSeen ??= { cursor, timeUs, source: endpoint.source };
  }

  /**
   * Notes an event that was taken, and says whether it is newer than all before. A time in the future
   * counts as now: one wrong event must not make all later ones look old.
   */
  isNew({ timeUs }: Position, nowUs: number): boolean {
    const boundedUs = Math.min(timeUs, nowUs);
    if (boundedUs <= this.#newestUs) return false;
    this.#newestUs = boundedUs;
    return true;
  }

  /**
   * The cursor in use means nothing to `endpoint` any more. Its new numbering is below the old one, so
   * what is committed of it later is trusted again.
   *
   * @returns whether there is something else to begin from
   */
  distrust(endpoint: Endpoint): boolean {
    const resume = this.#resumePoint() ?? this.#firstSeen;
    if (resume?.source !== endpoint.source || this.#isDistrusted(resume, endpoint)) return false;
    this.#distrusted = { source: endpoint.source, cursor: resume.cursor };
    return true;
  }

  #isDistrusted(resume: ResumePoint, endpoint: Endpoint): boolean {
    const distrusted = this.#distrusted;
    return distrusted !== null && distrusted.source === endpoint.source &&
      resume.source === endpoint.source && resume.cursor >= distrusted.cursor;
  }
}
