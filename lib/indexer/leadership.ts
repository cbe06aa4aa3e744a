/**
 * Which instance writes. The holder of the lease leads; all others are standbys, which only check whether the
 * lease has expired. An instance that loses the lease becomes a standby again.
 */

import { type Clock, sleep } from "../client/clock.ts";
import type { ResumePoint } from "../client/live/resume_point.ts";
import type { Logger } from "../log/logger.ts";
import { readCursor } from "../repository/batch/cursor.ts";
import type { Database } from "../repository/connection/database.ts";
import { sqlStateOf } from "../repository/connection/sqlstate.ts";
import {
  claimLease,
  type Lease,
  type Leased,
  type LeaseLoss,
  LeaseLostError,
  releaseLease,
  renewLease,
} from "../repository/partitions/lease.ts";
import { PartitionsChangedError } from "../repository/partitions/partition.ts";
import type { FaultPoint } from "./fault_point.ts";
import { databaseBackoff } from "./pipeline.ts";

export interface LeadershipOptions {
  readonly database: Database;
  readonly leased: Leased;
  /** The id of this process. */
  readonly instance: string;
  readonly leaseMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** When a query counts as unanswered, milliseconds. */
  readonly silentMs: number;
  readonly pass: (name: FaultPoint) => void | Promise<void>;
  /** Called when another instance turns out to lead. */
  readonly standsBy: () => void;
  /** Called with the code of each failed claim while this instance writes nothing. */
  readonly cannotClaim: (code: string) => void;
}

/** What starts with a lease: the lease, and the position that the previous holder committed. */
export interface LeaseStart {
  readonly lease: Lease;
  /** Null when no cursor is stored. */
  readonly resume: ResumePoint | null;
}

/** Interval at which a standby checks, and within which a clean stop is noticed. */
export const ASK_MS = 1_000;

/** Shutdown waits no longer for the lease to be released. */
const RELEASE_MS = 1_000;

/** Renewals per lease duration: often enough that one lost answer does not lose the lease. */
const RENEWALS = 4;

/**
 * Waits for the lease, leads, and releases the lease at the end; repeats until the signal aborts. `lead` ends
 * when its signal aborts, and rejects with a `LeaseLostError` when a batch finds that the lease was lost.
 * Any other rejection is thrown.
 */
export async function leadWhenLeased(
  options: LeadershipOptions,
  lead: (start: LeaseStart, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { logger } = options;
  while (!signal.aborted) {
    const start = await waitForLease(options, signal);
    if (start === null) return;
    const { lease } = start;
    const lost = new AbortController();
    const ended = new AbortController();
    const renewing = keepRenewed(options, lease, lost, ended.signal);
    logger.info("leading", { partition: lease.partition, epoch: lease.epoch });
    let why: LeaseLoss = "another instance leads";
    try {
      await lead(start, AbortSignal.any([signal, lost.signal]));
    } catch (error) {
      if (error instanceof LeaseLostError) why = error.why;
      else if (!lost.signal.aborted) throw error;
    } finally {
      ended.abort();
      await renewing;
      if (!lost.signal.aborted) await release(options, lease);
    }
    if (signal.aborted) return;
    options.standsBy();
    logLoss(options, lease, why);
  }
}

/** Claims the lease, then reads the cursor: before that, another instance may change it. */
async function claim(
  { database, leased, instance, leaseMs, silentMs, pass }: LeadershipOptions,
  signal: AbortSignal,
): Promise<LeaseStart | { readonly holder: string }> {
  return await database.ask(async (sql, alive) => {
    const claim = await claimLease(sql, leased, instance, leaseMs);
    if (claim.kind === "held") return claim;
    alive();
    await pass("reading_cursor");
    return { lease: claim.lease, resume: await readCursor(sql, leased.consumer) };
  }, { silentMs, signal });
}

/** Claims until the lease is free. Null when the signal aborts. */
async function waitForLease(
  options: LeadershipOptions,
  signal: AbortSignal,
): Promise<LeaseStart | null> {
  const { logger, clock, random, standsBy, cannotClaim } = options;
  const backoff = databaseBackoff(clock, random);
  let standingBy: string | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const claimed = await claim(options, signal);
      failures = 0;
      if ("lease" in claimed) return claimed;
      if (standingBy !== claimed.holder) {
        standingBy = claimed.holder;
        standsBy();
        logger.info("standing by: another instance leads", { holder: claimed.holder });
      }
      await sleep(ASK_MS, clock, signal);
    } catch (error) {
      if (signal.aborted) return null;
      if (error instanceof PartitionsChangedError) throw error;
      failures++;
      standingBy = null;
      const code = sqlStateOf(error);
      logger.error("cannot claim the lease, retrying", { code, attempt: failures });
      cannotClaim(code);
      await backoff(failures, signal).catch(() => {});
    }
  }
  return null;
}

/**
 * Renews the lease until `signal` aborts. Aborts `lost` when another instance has taken it. Never rejects.
 */
export async function keepRenewed(
  { database, clock, silentMs }: Pick<LeadershipOptions, "database" | "clock" | "silentMs">,
  lease: Lease,
  lost: AbortController,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await sleep(lease.ms / RENEWALS, clock, signal);
      const renewal = await database.ask((sql) => renewLease(sql, lease), { silentMs, signal });
      if (renewal === "lost") return lost.abort(new LeaseLostError(lease));
    } catch {
      // The database is unavailable, or the signal aborted. Batches report the error.
    }
  }
}

/** Logs that a lease was lost. */
export function logLoss(
  { logger }: Pick<LeadershipOptions, "logger">,
  { partition, epoch }: Lease,
  why: LeaseLoss,
): void {
  const level = why === "another instance leads" ? "warn" : "error";
  logger[level](`the lease was lost: ${why}`, { partition, epoch });
}

/** Without a release, the next instance waits for the lease to expire. */
export async function release(
  { database, logger }: Pick<LeadershipOptions, "database" | "logger">,
  lease: Lease,
): Promise<void> {
  const signal = AbortSignal.timeout(RELEASE_MS);
  try {
    await database.ask((sql) => releaseLease(sql, lease), { silentMs: RELEASE_MS, signal });
  } catch (error) {
    logger.warn("cannot release the lease: it will expire", { code: sqlStateOf(error) });
  }
}
