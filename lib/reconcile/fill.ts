/**
 * Fills an index with records from before it began to follow the stream: all repositories with records of our
 * collections are queued for comparison. Live events arrive meanwhile, and revisions decide.
 */

import { type Clock, sleep } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import type { RepositoryPage } from "../pds/repository_list.ts";
import type { FillCounts } from "../repository/reconcile/reconcile_queue.ts";

export interface FillOptions {
  readonly collections: readonly string[];
  /** One page of the repositories that have records of a collection. */
  readonly list: (
    collection: string,
    cursor: string | null,
    signal: AbortSignal,
  ) => Promise<RepositoryPage>;
  /** Queues the repositories that were never compared. Returns how many. */
  readonly request: (dids: readonly string[]) => Promise<number>;
  /** How many of the repositories queued here are done, pending, and failing. */
  readonly count: () => Promise<FillCounts>;
  /** Whether the stream is followed: later records come with it. */
  readonly isFollowing: () => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
}

const LOOK_MS = 250;
const COUNT_MS = 1_000;
const TELL_MS = 10_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** Resolves when each repository was compared, or can't be now; the queue retries those. Never rejects. */
export async function fill(options: FillOptions, signal: AbortSignal): Promise<void> {
  const { collections, isFollowing, logger, clock } = options;
  try {
    // A repository that is read earlier may have changed before the stream begins.
    while (!isFollowing()) await sleep(LOOK_MS, clock, signal);
    for (const collection of collections) await request(collection, options, signal);
    let toldAt = -Infinity;
    while (true) {
      const counts = await persistently(options.count, options, signal);
      if (counts.left === 0) {
        logger.info("rebuilt from the repositories", { ...counts });
        return;
      }
      if (clock.monotonic() - toldAt >= TELL_MS) {
        toldAt = clock.monotonic();
        logger.info("rebuilding from the repositories", { ...counts });
      }
      await sleep(COUNT_MS, clock, signal);
    }
  } catch (error) {
    if (!signal.aborted) logger.error("cannot rebuild from the repositories", { error });
  }
}

/** Queues the repositories of a collection. */
async function request(
  collection: string,
  options: FillOptions,
  signal: AbortSignal,
): Promise<void> {
  const { list, request, logger } = options;
  let [listed, queued] = [0, 0];
  const seen = new Set<string>();
  let cursor: string | null = null;
  while (true) {
    const at: string | null = cursor;
    const page: RepositoryPage = await persistently(
      () => list(collection, at, signal),
      options,
      signal,
    );
    queued += await persistently(() => request(page.dids), options, signal);
    listed += page.dids.length;
    cursor = page.cursor;
    if (cursor === null) break;
    if (seen.has(cursor)) {
      logger.warn("the relay's list goes round: listing ends", { collection });
      break;
    }
    seen.add(cursor);
  }
  logger.info("repositories listed", { collection, listed, queued });
}

/** Retries until success, or until the signal aborts. */
async function persistently<T>(
  attempt: () => Promise<T>,
  { logger, clock }: FillOptions,
  signal: AbortSignal,
): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS;; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      logger.warn("cannot list repositories, retrying", { error });
      await sleep(waitMs, clock, signal);
    }
  }
}
