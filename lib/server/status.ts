/** Everything that the status page shows, as one object: `GET /api/status`. */

import type { OutcomeCounts } from "../repository/outcome.ts";
import {
  cursorAgeSeconds,
  isConnected,
  isPaused,
  isStandby,
  lagSeconds,
  oldestWaitingSeconds,
  pausedSeconds,
  uptimeSeconds,
} from "./derived.ts";
import type { StreamEnding } from "./facts.ts";
import { type Answer, healthOf, readinessOf } from "./health.ts";
import type { Bucket } from "./history.ts";
import type { CachedStatus } from "./status_cache.ts";
import type { StoredStatus } from "./stored_status.ts";
import type { Telemetry } from "./telemetry.ts";

/** Limits of the queue, for the page to draw. */
export interface QueueLimits {
  readonly pauseAt: number;
  readonly resumeAt: number;
  readonly max: number;
  readonly maxBytes: number;
}

/** What does not change while the process runs. */
export interface ProcessFacts {
  readonly version: string;
  readonly consumer: string;
  readonly wantedCollections: readonly string[];
  readonly queueLimits: QueueLimits;
  /** Whether the dead letter API is on. */
  readonly admin: boolean;
}

/** The names of the fields are a contract with the page and the command line. Times are RFC 3339. */
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
    /** With the code and the reason that the server gave, if it gave any. */
    readonly lastEnding: (StreamEnding & { readonly at: string }) | null;
    readonly lastFailure: { readonly at: string; readonly why: string } | null;
    readonly lastReceivedAt: string | null;
    readonly wantedCollections: readonly string[];
  };
  readonly lagSeconds: number;
  readonly cursor: {
    readonly cursor: number;
    /** When the stream says that its event was. */
    readonly time: string | null;
    readonly ageSeconds: number;
  } | null;
  readonly lastCommitAt: string | null;
  /** Messages taken from the queue since the start. */
  readonly received: number;
  /** Committed events since the start. */
  readonly totals: OutcomeCounts;
  /** Committed events a second over the last 10 s. */
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
    /** When what follows was read. Null: never. */
    readonly asOf: string | null;
    /** It should be newer: the database did not answer in time. */
    readonly stale: boolean;
  };
  /** Null as long as the database has never answered. */
  readonly stored: StoredStatus | null;
}

/** Puts together what the process knows and what the database said last. */
export function composeStatus(
  telemetry: Telemetry,
  constant: ProcessFacts,
  cached: CachedStatus,
): Status {
  const { facts, now, condition } = telemetry;
  const { queued, queuedBytes } = facts.backlog();
  const { connection, position } = facts;
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
      lastFailure: timed(connection.lastFailure),
      lastReceivedAt: timeOrNull(facts.reading.lastReceivedAtMs),
      wantedCollections: constant.wantedCollections,
    },
    lagSeconds: lagSeconds(facts, now),
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
    database: {
      up: facts.database.answers,
      asOf: timeOrNull(cached.storedAtMs),
      stale: cached.stale,
    },
    stored: cached.stored,
  };
}

/** With its time as a text. */
function timed<Fact extends object>(
  fact: (Fact & { readonly atMs: number }) | null,
): (Omit<Fact, "atMs"> & { readonly at: string }) | null {
  if (fact === null) return null;
  const { atMs, ...rest } = fact;
  return { ...rest, at: timeText(atMs) };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Null also for a time that no calendar has: a stream can say anything. */
function timeOrNull(ms: number | null): string | null {
  return ms === null || Math.abs(ms) > 8.64e15 ? null : timeText(ms);
}
