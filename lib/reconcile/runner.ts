/** Works through the queue of repositories, several at a time, while this instance leads. */

import { type Clock, sleep } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import { SourceError, type SourceFailure } from "../pds/source_error.ts";
import type { Database } from "../repository/connection/database.ts";
import {
  countReconciles,
  type DueReconcile,
  failReconcile,
  finishDeletion,
  finishReconcile,
  postponeReconcile,
  type ReconcileCounts,
  type ReconcileResult,
  takeDueReconciles,
} from "../repository/reconcile/reconcile_queue.ts";
import { requestAll, requestStale } from "../repository/reconcile/reconcile_requests.ts";
import type { Sql } from "../repository/connection/sql.ts";
import type { DeletionAnswer } from "./deletion.ts";
import { FailureLog } from "./failure_log.ts";
import { retryAfter } from "./retry_delay.ts";

export interface RunnerOptions {
  readonly database: Database;
  readonly reconcile: (did: string, signal: AbortSignal) => Promise<ReconcileResult>;
  /** Servers that are not read now. */
  readonly busyHosts: () => readonly string[];
  /** Asks the source about an account that the stream reported as deleted, and applies the answer. */
  readonly settleDeletion: (did: string, signal: AbortSignal) => Promise<DeletionAnswer>;
  /** Removes what such an account published although the source gave no answer. */
  readonly believeDeletion: (did: string, signal: AbortSignal) => Promise<void>;
  /** How long the source has time to answer, days. */
  readonly deletionDays: number;
  /** Concurrent repositories. */
  readonly atOnce: number;
  /** Repositories are compared again after this many days; 0: only when there is a reason. */
  readonly everyDays: number;
  /** Whether all repositories are requested, because events may be missing. Resets the request. */
  readonly takeAllWanted: () => boolean;
  /** Requests all again: they could not be queued. */
  readonly wantAll: () => void;
  readonly logger: Logger;
  readonly clock: Clock;
  /** When a database query counts as unanswered, milliseconds. */
  readonly silentMs: number;
  /** Called periodically with the counts of the queue. */
  readonly counted: (counts: ReconcileCounts) => void;
  /** Called with the result of each comparison. */
  readonly ended: (
    result: ReconcileResult | SourceFailure | "failed" | DeletionResult,
  ) => void;
}

/** The result of a reported deletion. */
export type DeletionResult = "deletion_confirmed" | "deletion_refuted" | "deletion_unanswered";

const TICK_MS = 2_000;

/** A repository that this process took and did not finish is due again after this time. */
const HOLD_MS = 30 * 60_000;

/** A busy host is retried after this time; others are read meanwhile. */
const BUSY_MS = 500;

/** A failure of our own, not of the source, is retried after this time. */
const FAILED_MS = 5_000;

/** The longest wait between two queries about a deletion, so that its time limit is noticed within a day. */
const DELETION_MS = 24 * 60 * 60_000;

/** Repositories that the periodic pass queues at a time. */
const STALE_AT_A_TIME = 100;

/** Runs until the signal aborts. Never rejects. */
export async function runReconciles(options: RunnerOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger, atOnce, everyDays } = options;
  const running = new Set<Promise<void>>();
  const failures = new FailureLog(logger, clock);
  // An outage is logged once.
  let loggedFailure: string | null = null;
  const ask = <T>(question: (sql: Sql) => Promise<T>): Promise<T> =>
    options.database.ask(question, { silentMs: options.silentMs, signal });
  while (!signal.aborted) {
    const allWanted = options.takeAllWanted();
    try {
      if (allWanted) {
        const count = await ask((sql) => requestAll(sql, "events_missing"));
        logger.info("events may be missing: all repositories are compared", { count });
      }
      if (running.size < atOnce) {
        const free = atOnce - running.size;
        const due = await ask((sql) => takeDueReconciles(sql, free, HOLD_MS, options.busyHosts()));
        for (const one of due) {
          const work = reconcileOne(one, options, failures, ask, signal)
            .finally(() => running.delete(work));
          running.add(work);
        }
        options.counted(await ask(countReconciles));
        if (due.length === 0 && everyDays > 0) {
          await ask((sql) => requestStale(sql, everyDays, STALE_AT_A_TIME));
        }
      }
      loggedFailure = null;
    } catch (error) {
      if (allWanted) options.wantAll();
      const failure = String(error);
      if (!signal.aborted && failure !== loggedFailure) {
        logger.warn("cannot read the queue of repositories to compare", { error });
        loggedFailure = failure;
      }
    }
    const next = sleep(TICK_MS, clock, signal).catch(() => {});
    // A free slot is filled at once.
    await (running.size === 0 ? next : Promise.race([next, ...running]));
  }
  await Promise.allSettled(running);
}

/** Never rejects: a failed repository is due again later. */
async function reconcileOne(
  one: DueReconcile,
  options: RunnerOptions,
  failures: FailureLog,
  ask: <T>(question: (sql: Sql) => Promise<T>) => Promise<T>,
  signal: AbortSignal,
): Promise<void> {
  const { logger, ended } = options;
  const { did } = one;
  try {
    if (one.reason === "deletion") {
      const result = await deletionOf(one, options, signal);
      if (result !== null) {
        await ask((sql) => finishDeletion(sql, one));
        ended(result);
        if (result === "deletion_refuted") {
          logger.warn("an account is not deleted, although the stream said so", { did });
        }
        return;
      }
    }
    const result = await options.reconcile(did, signal);
    await ask((sql) => finishReconcile(sql, one, result));
    ended(result);
    if (result.put + result.deleted > 0) logger.info("repository reconciled", { did, ...result });
  } catch (error) {
    if (signal.aborted) return;
    const failure = error instanceof SourceError ? error.failure : "failed";
    ended(failure);
    try {
      await ask((sql) => fail(sql, one, error));
    } catch {
      // The database is unavailable, so the failure can't be stored either.
    }
    if (failure !== "busy") failures.failed(did, error);
  }
}

/** Null: the account is no longer deleted. Throws when the source gave no answer and will be queried again. */
async function deletionOf(
  { did, ageDays }: DueReconcile,
  { settleDeletion, believeDeletion, deletionDays }: RunnerOptions,
  signal: AbortSignal,
): Promise<DeletionResult | null> {
  try {
    const answer = await settleDeletion(did, signal);
    return answer === "none" ? null : `deletion_${answer}`;
  } catch (error) {
    const isUnanswered = error instanceof SourceError && error.failure !== "busy";
    if (!isUnanswered || ageDays < deletionDays) throw error;
    await believeDeletion(did, signal);
    return "deletion_unanswered";
  }
}

async function fail(sql: Sql, one: DueReconcile, error: unknown): Promise<void> {
  if (!(error instanceof SourceError)) return await postponeReconcile(sql, one, FAILED_MS);
  const { failure, message, retryAfterMs, host } = error;
  if (failure === "busy") {
    return await postponeReconcile(sql, one, Math.max(BUSY_MS, retryAfterMs), host);
  }
  const next = retryAfter(failure, one.attempts, retryAfterMs);
  const isDeletion = one.reason === "deletion";
  const nextMs = isDeletion ? Math.min(next ?? DELETION_MS, DELETION_MS) : next;
  await failReconcile(sql, one, failure, message, nextMs);
}
