/** What the database knows that the status page shows. The repository answers it. */

/** How a record stands in the ledger. */
export type RecordState =
  | "applied"
  | "waiting"
  | "rejected"
  | "deleted"
  | "suppressed"
  | "unmapped";

/** An amount of something that has a reason. */
export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

export interface StoredStatus {
  /** Records in the ledger by collection and state; states without a record may be left out. */
  readonly collections: readonly {
    readonly collection: string;
    readonly states: Readonly<Partial<Record<RecordState, number>>>;
  }[];
  /** When the ledger was counted for that; waiting records are always of now. Null: not yet. */
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
  /** The newest, newest first: addresses, and how they stand now; never contents. */
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

/** Where it comes from. */
export interface StatusSource {
  /**
   * Asked at most every two seconds while somebody looks, and given up when the signal aborts. The
   * source keeps what is expensive to count for longer, and bounds records and scenes to what a page
   * can take.
   */
  status(signal: AbortSignal): Promise<StoredStatus>;
}
