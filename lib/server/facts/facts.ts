/**
 * What the process knows about itself: one plain object. `Telemetry` updates it; health, metrics and status
 * are derived from it, so that they agree.
 */

import type { ReplayProgress } from "../../client/archive/replay_observer.ts";
import type { LockWait } from "../../repository/status/lock_wait.ts";
import type { Clock } from "./clock.ts";

/** `standby`: another instance leads, and this one waits to take over. `failed`: it ended for good. */
export type PipelineState = "starting" | "standby" | "running" | "draining" | "failed";

/** One moment, by both clocks. */
export interface Now {
  /** The wall clock, Unix milliseconds. */
  readonly ms: number;
  /** Milliseconds of the monotonic clock. */
  readonly monotonic: number;
}

/** What was received and is not committed. */
export interface Backlog {
  /** Messages in the queue. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** The oldest uncommitted event, including running batches. Null: everything is committed. */
  readonly oldest: {
    /** By the monotonic clock. */
    readonly receivedAt: number;
    /** Its time in the stream, Unix microseconds; null when it has none. */
    readonly timeUs: number | null;
  } | null;
}

/** A position in the stream, as the decoder gives it. */
export interface StreamPosition {
  readonly cursor: number;
  /** Unix microseconds. */
  readonly timeUs: number;
}

/** Where events come from: a name without credentials, and the protocol. */
export interface Source {
  readonly source: string;
  readonly protocol: string;
}

/** An open connection was closed because it brought no event, or only undecodable ones. */
export type StreamFault = "quiet_stream" | "undecodable_stream";

/** How a connection ended. */
export interface StreamEnding {
  /** The client's word: `closed`, `broken`, `idle`, … */
  readonly kind: string;
  /** The server's close code. */
  readonly code: number | null;
  /** The server's text, or the error. Printable, and without secrets. */
  readonly reason: string;
}

export interface ConnectionFacts {
  /** The current source, or the last one. */
  source: Source | null;
  /** By the wall clock; null while there is no connection. */
  sinceMs: number | null;
  failuresInARow: number;
  /** Why the stream is open but delivers nothing; null once a connection delivers something new. */
  fault: StreamFault | null;
  /** How the last connection ended; null while there was none. */
  lastEnding: (StreamEnding & { readonly atMs: number }) | null;
  /** Why the last attempt failed; null while none did. */
  lastFailure: ConnectionFailure | null;
}

export interface ConnectionFailure {
  readonly source: string;
  readonly why: string;
  readonly atMs: number;
  /** When the next attempt follows. */
  readonly nextMs: number;
}

/** The inputs of the reading lag. Times are Unix milliseconds by the wall clock. */
export interface ReadingFacts {
  /** Since when the current connection is read; null while it is not (no connection, or a pause). */
  sinceMs: number | null;
  /** When reading last ended; the start of the process when it never began. */
  interruptedAtMs: number;
  lastReceivedAtMs: number | null;
  /** When the last message with a time arrived. */
  lastTimedAtMs: number | null;
  /** The newest event time received; before the first, that of the stored cursor. */
  newestTimeMs: number | null;
  /** How far all events are ahead of our clock at least, milliseconds; null when they aren't. */
  clockAheadMs: number | null;
}

export interface DatabaseFacts {
  /** Whether the last query was answered. */
  answers: boolean;
  /** By the monotonic clock. */
  answeredAt: number;
  /** Why there was no answer, and since when; null while it answers. */
  failure: DatabaseFailure | null;
  /** It answers, but rejects writes. Until the next commit. */
  refusal: DatabaseFailure | null;
  /** It answers, but a lock blocks us. */
  blocked: Blocked | null;
  waitingRecords: number;
  openDeadLetters: number;
  /** Number of notes between partitions, and the age of the oldest. */
  notes: number;
  notesSeconds: number;
}

export interface DatabaseFailure {
  /** Postgres' SQLSTATE, or the code of a socket; null when unknown. */
  readonly code: string | null;
  readonly sinceMs: number;
}

export interface Blocked extends Pick<LockWait, "what" | "holders"> {
  readonly sinceMs: number;
}

/** Repositories queued for comparison with their source. */
export interface ReconcileQueueFacts {
  queued: number;
  /** Those whose last attempt failed. */
  failing: number;
  /** How long the oldest due one has waited. */
  oldestSeconds: number;
}

/** Results of comparing repositories with their source, since the start. */
export interface ReconcileFacts extends ReconcileQueueFacts {
  compared: number;
  /** Records that the index lacked or had differently: the lost ones. */
  put: number;
  /** Records that the source no longer had. */
  deleted: number;
}

export interface ArchiveFacts {
  /** The progress of a replay. Null: there is none, or it has not reported yet. */
  progress: ReplayProgress | null;
  /** When it last reported, or began, by the monotonic clock. */
  progressAt: number;
  /** The archive that is replayed; null: there is no replay. */
  source: string | null;
  /** Failed requests in a row. */
  failuresInARow: number;
  /** Why the last of them failed. */
  failure: string | null;
}

/** How many partitions there are, and which of them this instance holds. */
export interface PartitionFacts {
  readonly of: number;
  readonly held: readonly number[];
}

export interface Facts {
  readonly startedAt: Now;
  pipeline: PipelineState;
  /** Whether this instance holds the lease, so that the stored data is its work. */
  leads: boolean;
  partitions: PartitionFacts;
  migrated: boolean;
  readonly connection: ConnectionFacts;
  readonly reading: ReadingFacts;
  /** Since when reading is paused, by the monotonic clock; null when it isn't. */
  pausedAt: number | null;
  backlog: () => Backlog;
  /** The newest committed position; at the start, the stored one. */
  position: StreamPosition | null;
  lastCommitAtMs: number | null;
  /** The last commit, progress within a batch, or start of the process, by the monotonic clock. */
  progressAt: number;
  readonly database: DatabaseFacts;
  readonly archive: ArchiveFacts;
  readonly reconcile: ReconcileFacts;
}

export function nowOf(clock: Clock): Now {
  return { ms: clock.now(), monotonic: clock.monotonic() };
}

/** The facts of a process that starts. */
export function factsAtStart(now: Now): Facts {
  return {
    startedAt: now,
    pipeline: "starting",
    leads: false,
    partitions: { of: 1, held: [] },
    migrated: false,
    connection: {
      source: null,
      sinceMs: null,
      failuresInARow: 0,
      fault: null,
      lastEnding: null,
      lastFailure: null,
    },
    reading: {
      sinceMs: null,
      interruptedAtMs: now.ms,
      lastReceivedAtMs: null,
      lastTimedAtMs: null,
      newestTimeMs: null,
      clockAheadMs: null,
    },
    pausedAt: null,
    backlog: () => ({ queued: 0, queuedBytes: 0, oldest: null }),
    position: null,
    lastCommitAtMs: null,
    progressAt: now.monotonic,
    database: {
      answers: false,
      answeredAt: -Infinity,
      failure: null,
      refusal: null,
      blocked: null,
      waitingRecords: 0,
      openDeadLetters: 0,
      notes: 0,
      notesSeconds: 0,
    },
    archive: {
      progress: null,
      progressAt: now.monotonic,
      source: null,
      failuresInARow: 0,
      failure: null,
    },
    reconcile: { queued: 0, failing: 0, oldestSeconds: 0, compared: 0, put: 0, deleted: 0 },
  };
}
