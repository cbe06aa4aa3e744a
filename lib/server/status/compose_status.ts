/** Composes the status: what the process knows, and what the database said last. */

import { outcomeTotals } from "../facts/counts.ts";
import type { DatabaseFailure } from "../facts/database_facts.ts";
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
import { healthOf, readinessOf } from "../facts/health.ts";
import type { ArchiveFacts } from "../facts/stream_facts.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { DatabaseProblem, ProcessFacts, ReplayStatus, Status } from "./status.ts";
import type { CachedStatus } from "./status_cache.ts";

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
    received: facts.counts.messagesTaken,
    totals: outcomeTotals(facts.counts),
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
    reconcile: facts.reconcile,
    database: {
      up: database.answers,
      failure: problemOf(database.failure),
      refusal: problemOf(database.refusal),
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

function problemOf(failure: DatabaseFailure | null): DatabaseProblem | null {
  return failure && { code: failure.code, since: timeOrNull(failure.sinceMs) };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Null also for a time outside the calendar: a stream can contain anything. */
function timeOrNull(ms: number | null): string | null {
  return ms === null || Math.abs(ms) > 8.64e15 ? null : timeText(ms);
}
