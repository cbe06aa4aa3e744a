/** Everything that the status page shows, as one object: `GET /api/status`. */

import type { OutcomeCounts } from "../../repository/outcome.ts";
import {
  cursorAgeSeconds,
  isConnected,
  isPaused,
  isStandby,
  lagSeconds,
  oldestWaitingSeconds,
  pausedSeconds,
  replayStalledSeconds,
  uptimeSeconds,
} from "../facts/derived.ts";
import type {
  ArchiveFacts,
  Blocked,
  ConnectionFailure,
  DatabaseFailure,
  ReconcileFacts,
  StreamEnding,
} from "../facts/facts.ts";
import { type Answer, healthOf, readinessOf } from "../facts/health.ts";
import type { Bucket } from "../facts/history.ts";
import type { CachedStatus } from "./status_cache.ts";
import type { StoredStatus } from "../../repository/status/stored_status.ts";
import type { Telemetry } from "../metrics/telemetry.ts";

/** Limits of the queue, for the page to draw. */
export interface QueueLimits {
  readonly pauseAt: number;
  readonly resumeAt: number;
  readonly max: number;
  readonly maxBytes: number;
}

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
    readonly failure: Failure | null;
    /** Why it rejects writes. */
    readonly refusal: Failure | null;
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
  readonly reconcile: Readonly<ReconcileFacts>;
  /** Null while the database has never answered. */
  readonly stored: StoredStatus | null;
}

export interface Failure {
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

/** Combines the facts of the process with the last answer of the database. */
export function composeStatus(
  telemetry: Telemetry,
  constant: ProcessFacts,
  cached: CachedStatus,
): Status {
  const { facts, now, condition } = telemetry;
  const { queued, queuedBytes } = facts.backlog();
  const { connection, database, position } = facts;
  return {
    version: constant.version,
    consumer: constant.consumer,
    now: timeText(now.ms),
    startedAt: timeText(facts.startedAt.ms),
    uptimeSeconds: uptimeSeconds(facts, now),
    residentBytes: Deno.memoryUsage().rss,
    admin: constant.admin,
    leads: facts.leads,
    standby: isStandby(facts),
    health: healthOf(condition),
    ready: readinessOf(condition),
    connection: {
      connected: isConnected(facts),
      source: connection.source?.source ?? null,
      protocol: connection.source?.protocol ?? null,
      since: timeOrNull(connection.sinceMs),
      failuresInARow: connection.failuresInARow,
      lastEnding: timed(connection.lastEnding),
      lastFailure: connection.lastFailure && {
        source: connection.lastFailure.source,
        why: connection.lastFailure.why,
        at: timeText(connection.lastFailure.atMs),
        nextAttemptAt: timeText(connection.lastFailure.nextMs),
      },
      lastReceivedAt: timeOrNull(facts.reading.lastReceivedAtMs),
      wantedCollections: constant.wantedCollections,
    },
    lagSeconds: lagSeconds(facts, now),
    replay: replayStatus(facts.archive, replayStalledSeconds(facts, now)),
    cursor: position === null ? null : {
      cursor: position.cursor,
      time: timeOrNull(position.timeUs / 1000),
      ageSeconds: cursorAgeSeconds(facts, now),
    },
    lastCommitAt: timeOrNull(facts.lastCommitAtMs),
    received: telemetry.received,
    totals: telemetry.totals,
    rates: telemetry.recent.rates(now.ms),
    history: {
      bucketSeconds: telemetry.history.bucketMs / 1000,
      buckets: telemetry.history.buckets(now.ms),
    },
    backpressure: {
      ...constant.queueLimits,
      paused: isPaused(facts),
      pausedSeconds: pausedSeconds(facts, now),
      queued,
      queuedBytes,
      oldestWaitingSeconds: oldestWaitingSeconds(facts, now),
    },
    reconcile: { ...facts.reconcile },
    database: {
      up: database.answers,
      failure: failureStatus(database.failure),
      refusal: failureStatus(database.refusal),
      blocked: database.blocked && {
        since: timeOrNull(database.blocked.sinceMs),
        what: database.blocked.what,
        holders: database.blocked.holders,
      },
      asOf: timeOrNull(cached.storedAtMs),
      stale: cached.stale,
    },
    stored: cached.stored,
  };
}

/** With its time as text. */
function timed<Fact extends object>(
  fact: (Fact & { readonly atMs: number }) | null,
): (Omit<Fact, "atMs"> & { readonly at: string }) | null {
  if (fact === null) return null;
  const { atMs, ...rest } = fact;
  return { ...rest, at: timeText(atMs) };
}

function replayStatus(
  { source, progress, failure, failuresInARow }: ArchiveFacts,
  stalledSeconds: number,
): ReplayStatus | null {
  if (source === null) return null;
  return {
    source,
    failure,
    failuresInARow,
    stalledSeconds,
    progress: progress && {
      done: progress.done,
      total: progress.total,
      perSecond: progress.perSecond,
      segmentsDone: progress.segmentsDone,
      segmentsTotal: progress.segmentsTotal,
      events: progress.events,
      startedAt: timeOrNull(progress.startedAt),
      leftSeconds: progress.leftMs === null ? null : progress.leftMs / 1000,
    },
  };
}

function failureStatus(failure: DatabaseFailure | null): Failure | null {
  return failure && { code: failure.code, since: timeOrNull(failure.sinceMs) };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Null also for a time outside the calendar: a stream can contain anything. */
function timeOrNull(ms: number | null): string | null {
  return ms === null || Math.abs(ms) > 8.64e15 ? null : timeText(ms);
}
