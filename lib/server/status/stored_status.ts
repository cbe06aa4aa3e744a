/** The database's part of the status page. The repository provides it. */

/** The state of a record in the ledger. */
export type RecordState =
  | "applied"
  | "waiting"
  | "rejected"
  | "deleted"
  | "suppressed"
  | "unmapped";

/** A count with its reason. */
export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

export interface StoredStatus {
  /** Ledger records by collection and state; states without a record may be left out. */
  readonly collections: readonly {
    readonly collection: string;
    readonly states: Readonly<Partial<Record<RecordState, number>>>;
  }[];
  /** When the ledger was counted; waiting records are always current. Null: not yet. */
  readonly countedAt: Date | null;
  /** Null before the first commit. */
  readonly cursor: {
    readonly cursor: number;
    /** Unix microseconds. */
    readonly timeUs: number | null;
    readonly source: string | null;
    readonly savedAt: Date;
  } | null;
  /** Records that wait for another. */
  readonly waiting: { readonly total: number; readonly reasons: readonly ReasonCount[] };
  /** Open dead letters. */
  readonly deadLetters: { readonly open: number; readonly reasons: readonly ReasonCount[] };
  /** The newest records, newest first: addresses and current states; never contents. */
  readonly recent: readonly {
    readonly did: string;
    readonly collection: string;
    readonly rkey: string;
    readonly state: RecordState;
    readonly reason: string | null;
    readonly at: Date;
  }[];
  /** Live public scenes that have a `display_point`, and that point: never another. */
  readonly scenes: readonly {
    readonly id: string;
    readonly name: string;
    readonly lat: number;
    readonly lng: number;
  }[];
}

/** Provides the stored status. */
export interface StatusSource {
  /**
   * Called at most every two seconds while somebody looks, and aborted by the signal. The source caches
   * expensive counts for longer, and limits records and scenes to what a page can show.
   */
  status(signal: AbortSignal): Promise<StoredStatus>;
}
