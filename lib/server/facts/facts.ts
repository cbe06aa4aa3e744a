/**
 * What the process knows of itself: one plain object. `Telemetry` writes it as things happen; health,
 * metrics and status are derived from it, so that all of them say the same.
 */

import type { ReplayProgress } from "../../client/archive/replay_observer.ts";
import type { LockWait } from "../../repository/status/lock_wait.ts";
import type { Clock } from "./clock.ts";

/**
 * `standby`: another instance leads, and this one waits to take over. `failed`: it ended and will not
 * come back.
 */
export type PipelineState = "starting" | "standby" | "running" | "draining" | "failed";

/** One moment, by both clocks. */
export interface Now {
  /** The wall clock, Unix milliseconds. */
  readonly ms: number;
  /** Milliseconds that never run backwards. */
  readonly monotonic: number;
}

/** What was received and is not committed. */
export interface Backlog {
  /** Messages in the queue. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** The oldest uncommitted event, also in a batch that is under way. Null: all is committed. */
  readonly oldest: {
    /** By the monotonic clock. */
    readonly receivedAt: number;
    /** Its time in the stream, Unix microseconds; null where it has none. */
    readonly timeUs: number | null;
  } | null;
}

/** A position in the stream, as the decoder gives it. */
export interface StreamPosition {
  readonly cursor: number;
  /** Unix microseconds. */
  readonly timeUs: number;
}

/** Where events come from: a name without credentials, and what is spoken there. */
export interface Source {
  readonly source: string;
  readonly protocol: string;
}

/** A connection that stood was left, because it brought no event, or none that can be decoded. */
export type StreamFault = "quiet_stream" | "undecodable_stream";

/** How a connection ended. */
export interface StreamEnding {
  /** The client's word for it: `closed`, `broken`, `idle`, … */
  readonly kind: string;
  /** With which the server closed it. */
  readonly code: number | null;
  /** The server's own words, or what broke. Printable, and without secrets. */
  readonly reason: string;
}

export interface ConnectionFacts {
  /** The present source, or the last one. */
  source: Source | null;
  /** By the wall clock; null while there is no connection. */
  sinceMs: number | null;
  failuresInARow: number;
  /** Why the stream lives and yet brings nothing; null since a connection brought something new. */
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
  /** When it is tried again. */
  readonly nextMs: number;
}

/** What the lag of reading follows from. Times are Unix milliseconds by the wall clock. */
export interface ReadingFacts {
  /** Since when the present connection is read; null while it is not (no connection, or a pause). */
  sinceMs: number | null;
  /** When reading last ended; the start of the process when it never began. */
  interruptedAtMs: number;
  lastReceivedAtMs: number | null;
  /** When the last message came that told its time. */
  lastTimedAtMs: number | null;
  /** The newest time that a received event bore; before the first, that of the stored cursor. */
  newestTimeMs: number | null;
  /** All events are at least so far ahead of our clock, milliseconds; null when they aren't. */
  clockAheadMs: number | null;
}

export interface DatabaseFacts {
  /** It answered the last time that something was asked of it. */
  answers: boolean;
  /** By the monotonic clock. */
  answeredAt: number;
  /** Why there was no answer, since when; null while it answers. */
  failure: DatabaseFailure | null;
  /** It answers, and refuses what is written. Until the next commit. */
  refusal: DatabaseFailure | null;
  /** It answers, and something holds a lock that we wait for. */
  blocked: Blocked | null;
  waitingRecords: number;
  openDeadLetters: number;
  /** Notes that partitions have left for each other, and how long the oldest has waited. */
  notes: number;
  notesSeconds: number;
}

export interface DatabaseFailure {
  /** Postgres' SQLSTATE, or the code of a socket; null when nobody knows. */
  readonly code: string | null;
  readonly sinceMs: number;
}

export interface Blocked extends Pick<LockWait, "what" | "holders"> {
  readonly sinceMs: number;
}

/** Repositories that are to be compared with their source. */
export interface ReconcileQueueFacts {
  queued: number;
  /** Those of them whose last attempt failed. */
  failing: number;
  /** How long the oldest that is due has waited. */
  oldestSeconds: number;
}

/** What comparing repositories with their source has come to, since the start. */
export interface ReconcileFacts extends ReconcileQueueFacts {
  compared: number;
  /** Records that the index lacked, or had otherwise: what was lost. */
  put: number;
  /** Records that the source no longer had. */
  deleted: number;
}

export interface ArchiveFacts {
  /** How far a replay has come. Null: there is none, or it has not told yet. */
  progress: ReplayProgress | null;
  /** When it told, or began, by the monotonic clock. */
  progressAt: number;
  /** Where the archive is that is replayed; null: there is no replay. */
  source: string | null;
  /** Requests that failed since the last one that was answered. */
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
  /** This instance holds the lease: what is stored is its work. */
  leads: boolean;
  partitions: PartitionFacts;
  migrated: boolean;
  readonly connection: ConnectionFacts;
  readonly reading: ReadingFacts;
  /** Since when reading is paused, by the monotonic clock; null when it isn't. */
  pausedAt: number | null;
  backlog: () => Backlog;
  /** The newest committed position; at the start, the one that was stored. */
  position: StreamPosition | null;
  lastCommitAtMs: number | null;
  /** The last commit, or when a batch got further, or the start of the process, by the monotonic clock. */
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
