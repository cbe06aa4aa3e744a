/**
 * What the process knows about itself: one plain object. The recorders of `Telemetry` update it; health,
 * metrics and status are derived from it, so that they agree.
 */

import type { Clock } from "../../client/clock.ts";
import type { Position } from "../../decoder/event.ts";
import { type Counts, countsAtStart } from "./counts.ts";
import {
  databaseAtStart,
  type DatabaseFacts,
  NOTHING_RECONCILED,
  type ReconcileFacts,
} from "./database_facts.ts";
import {
  archiveAtStart,
  type ArchiveFacts,
  connectionAtStart,
  type ConnectionFacts,
  readingAtStart,
  type ReadingFacts,
} from "./stream_facts.ts";

/** Both clocks of the machine. */
export type Clocks = Pick<Clock, "now" | "monotonic">;

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

export function noBacklog(): Backlog {
  return { queued: 0, queuedBytes: 0, oldest: null };
}

/** How many partitions there are, and which of them this instance holds. */
export interface PartitionFacts {
  readonly of: number;
  readonly held: readonly number[];
}

export interface Facts {
  readonly version: string;
  readonly consumer: string;
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
  position: Position | null;
  lastCommitAtMs: number | null;
  /** The last commit, progress within a batch, or start of the process, by the monotonic clock. */
  progressAt: number;
  readonly database: DatabaseFacts;
  readonly archive: ArchiveFacts;
  reconcile: ReconcileFacts;
  readonly counts: Counts;
  /** How many log lines were dropped. */
  readonly logLinesDropped: () => number;
}

export function nowOf(clocks: Clocks): Now {
  return { ms: clocks.now(), monotonic: clocks.monotonic() };
}

/** What is known of a process before it starts. */
export interface ProcessDescription {
  /** NSIDs with a label value of their own: those with a mapper. */
  readonly collections: readonly string[];
  readonly version: string;
  /** Default: that of the settings. */
  readonly consumer?: string;
  readonly logLinesDropped?: () => number;
}

/** The facts of a process that starts. */
export function factsAtStart(described: ProcessDescription, now: Now): Facts {
  const { collections, version, consumer = "default", logLinesDropped = () => 0 } = described;
  return {
    version,
    consumer,
    startedAt: now,
    pipeline: "starting",
    leads: false,
    partitions: { of: 1, held: [] },
    migrated: false,
    connection: connectionAtStart(),
    reading: readingAtStart(now.ms),
    pausedAt: null,
    backlog: noBacklog,
    position: null,
    lastCommitAtMs: null,
    progressAt: now.monotonic,
    database: databaseAtStart(),
    archive: archiveAtStart(now.monotonic),
    reconcile: NOTHING_RECONCILED,
    counts: countsAtStart(collections),
    logLinesDropped,
  };
}
