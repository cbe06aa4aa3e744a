/** Everything that the status page shows, as one object: `GET /api/status`. */

import type { QueueLimits } from "../../client/event_queue.ts";
import type { OutcomeCounts } from "../../repository/outcome.ts";
import type { StoredStatus } from "../../repository/status/stored_status.ts";
import type { Blocked, ReconcileFacts } from "../facts/database_facts.ts";
import type { Answer } from "../facts/health.ts";
import type { Bucket } from "../facts/history.ts";
import type { ConnectionFailure, StreamEnding } from "../facts/stream_facts.ts";

/** Facts that do not change while the process runs. */
export interface ProcessFacts {
  readonly version: string;
  readonly consumer: string;
  readonly wantedCollections: readonly string[];
  readonly queueLimits: QueueLimits;
  /** Whether the dead letter API is on. */
  readonly admin: boolean;
}

/** The field names are a contract with the page and the command line. Times are RFC 3339. */
export interface Status {
  readonly version: string;
  readonly consumer: string;
  readonly now: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly residentBytes: number;
  readonly admin: boolean;
  /** Whether this instance writes. False on a standby, and before it holds the lease. */
  readonly leads: boolean;
  readonly standby: boolean;
  readonly health: Answer;
  readonly ready: Answer;
  readonly connection: {
    readonly connected: boolean;
    /** Name of the instance, without credentials. Null before the first connection. */
    readonly source: string | null;
    readonly protocol: string | null;
    readonly since: string | null;
    readonly failuresInARow: number;
    /** With the server's code and reason, if it gave any. */
    readonly lastEnding: (StreamEnding & { readonly at: string }) | null;
    /** Where, why, and when the next attempt follows. Kept after a connection succeeds. */
    readonly lastFailure:
      | Pick<ConnectionFailure, "source" | "why"> & {
        readonly at: string;
        readonly nextAttemptAt: string;
      }
      | null;
    readonly lastReceivedAt: string | null;
    readonly wantedCollections: readonly string[];
  };
  /** Age of the oldest uncommitted event. */
  readonly lagSeconds: number;
  /** A replay of the archive. Null: there is none. */
  readonly replay: ReplayStatus | null;
  readonly cursor: {
    readonly cursor: number;
    /** The time of its event in the stream. */
    readonly time: string | null;
    readonly ageSeconds: number;
  } | null;
  readonly lastCommitAt: string | null;
  /** Messages taken from the queue since the start. */
  readonly received: number;
  /** Committed events since the start. */
  readonly totals: OutcomeCounts;
  /** Committed events per second over the last 10 s. */
  readonly rates: OutcomeCounts;
  /** The last hour, oldest first. */
  readonly history: { readonly bucketSeconds: number; readonly buckets: readonly Bucket[] };
  readonly backpressure: QueueLimits & {
    readonly paused: boolean;
    readonly pausedSeconds: number;
    readonly queued: number;
    readonly queuedBytes: number;
    readonly oldestWaitingSeconds: number;
  };
  readonly database: {
    readonly up: boolean;
    /** Postgres' SQLSTATE or the code of a socket, and since when it has not answered. */
    readonly failure: DatabaseProblem | null;
    /** Why it rejects writes. */
    readonly refusal: DatabaseProblem | null;
    /** What the indexer waits for, and which session holds it. */
    readonly blocked: {
      readonly since: string | null;
      readonly what: string;
      readonly holders: Blocked["holders"];
    } | null;
    /** When the following facts were read. Null: never. */
    readonly asOf: string | null;
    /** They are outdated: the database did not answer in time. */
    readonly stale: boolean;
  };
  /** Repositories compared with their source since the start, and queued ones. */
  readonly reconcile: ReconcileFacts;
  /** Null while the database has never answered. */
  readonly stored: StoredStatus | null;
}

export interface DatabaseProblem {
  readonly code: string | null;
  readonly since: string | null;
}

export interface ReplayStatus {
  readonly source: string;
  /** Why the last request failed, and how many failed in a row. */
  readonly failure: string | null;
  readonly failuresInARow: number;
  /** For how long it made no progress; 0 while it does. */
  readonly stalledSeconds: number;
  /** Null until the archive reports progress. */
  readonly progress: {
    /** Processed sequence numbers, of all that the archive had when the replay began. */
    readonly done: number;
    readonly total: number;
    /** Sequence numbers per second. */
    readonly perSecond: number;
    readonly segmentsDone: number;
    /** As far as the plan is known: it comes in pages. */
    readonly segmentsTotal: number;
    readonly events: number;
    readonly startedAt: string | null;
    /** At the rate of the last minute; null while there is none. */
    readonly leftSeconds: number | null;
  } | null;
}
