import type { NoticeCode } from "../live/stream_observer.ts";

/** Events that an operator should know about, although the replay continues by itself. */
export const ARCHIVE_NOTICES = [
  /** The server limits the request rate. */
  "archive_rate_limited",
  /** A part was damaged and is downloaded again. */
  "archive_damaged",
  /** Segments were replaced since the plan was made: a new plan starts at the current position. */
  "archive_replanned",
] as const;

export type ArchiveNoticeCode = typeof ARCHIVE_NOTICES[number];

/** One notice, for logs and metrics. */
export interface ArchiveNotice {
  /** `renumbered`: as on the live stream. */
  readonly code: ArchiveNoticeCode | Extract<NoticeCode, "renumbered">;
  /** For a person; contains no credentials and nothing from a record. */
  readonly message: string;
}

/** The progress of a replay. */
export interface ReplayProgress {
  /** Sequence numbers processed since the start of this replay. */
  readonly done: number;
  /** Sequence numbers from the start to the end of the archive, as it was when the replay began. */
  readonly total: number;
  /** Sequence numbers per second, over the last minute. */
  readonly perSecond: number;
  /** Time left at that rate, milliseconds; null while there is no rate. */
  readonly leftMs: number | null;
  readonly segmentsDone: number;
  /** As far as the plan is known: it comes in pages. */
  readonly segmentsTotal: number;
  /** Number of delivered events. */
  readonly events: number;
  /** Downloaded bytes, plans included. */
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** Callbacks of a replay, all optional. They run within its work, so they must be short. */
export interface ArchiveObserver {
  /** At the start, every ten seconds while it moves, and at the end. */
  progress?(progress: ReplayProgress): void;
  /**
   * A request failed for the `failures`-th time in a row and is sent again. `alerting`: the count has reached
   * the configured limit.
   */
  attemptFailed?(event: {
    readonly request: string;
    readonly failures: number;
    readonly error: Error;
    readonly retryInMs: number;
    readonly alerting: boolean;
  }): void;
  /** A request succeeded after failures. */
  answered?(event: { readonly request: string }): void;
  notice?(notice: ArchiveNotice): void;
}
