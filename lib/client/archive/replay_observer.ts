/** What an operator should know of, though the replay goes on by itself. */
export const ARCHIVE_NOTICES = [
  /** The server wants to be left alone for a while. */
  "archive_rate_limited",
  /** Something came broken and is got again. */
  "archive_damaged",
  /** Segments were replaced since the plan was made: planned anew from where the replay stands. */
  "archive_replanned",
] as const;

export type ArchiveNoticeCode = typeof ARCHIVE_NOTICES[number];

/** One such thing, for logs and metrics. */
export interface ArchiveNotice {
  readonly code: ArchiveNoticeCode;
  /** For a person; holds no credentials and nothing from a record. */
  readonly message: string;
}

/** How far a replay has come. */
export interface ReplayProgress {
  /** Sequence numbers that are behind, since the start of this replay. */
  readonly done: number;
  /** Sequence numbers from the start to the end of the archive, as it was when the replay began. */
  readonly total: number;
  /** Sequence numbers a second, over the last minute. */
  readonly perSecond: number;
  /** At that rate, milliseconds; null while there is no rate. */
  readonly leftMs: number | null;
  readonly segmentsDone: number;
  /** As far as the plan is known: it comes in pages. */
  readonly segmentsTotal: number;
  /** Events that were handed over. */
  readonly events: number;
  /** Bytes that were downloaded, plans included. */
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** Callbacks of a replay; every one may be left out. They are called in the middle of its work: be brief. */
export interface ArchiveObserver {
  /** At the start, every ten seconds while it moves, and at the end. */
  progress?(progress: ReplayProgress): void;
  /**
   * A request came to nothing for the `failures`-th time in a row, and is sent again. `alerting`: there
   * were as many as the settings have for an alert.
   */
  attemptFailed?(event: {
    readonly request: string;
    readonly failures: number;
    readonly error: Error;
    readonly retryInMs: number;
    readonly alerting: boolean;
  }): void;
  /** A request was answered that had come to nothing before. */
  answered?(event: { readonly request: string }): void;
  notice?(notice: ArchiveNotice): void;
}
