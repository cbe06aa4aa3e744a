/** With `RECONCILE_ENABLED=false` no source is asked: what deleted accounts published is removed some days later. */

import { type Clock, sleep } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import type { Sql } from "../repository/connection/sql.ts";
import { type OverdueDeletion, overdueDeletions } from "../repository/reconcile/deletions.ts";
import { finishDeletion } from "../repository/reconcile/reconcile_queue.ts";

export interface UnaskedDeletionsOptions {
  readonly ask: <T>(question: (sql: Sql) => Promise<T>) => Promise<T>;
  readonly days: number;
  /** Removes what an account published. */
  readonly believe: (did: string, signal: AbortSignal) => Promise<void>;
  readonly ended: (result: "deletion_unanswered") => void;
  readonly logger: Logger;
  readonly clock: Clock;
}

const LOOK_MS = 60_000;
const AT_A_TIME = 100;

/** Runs until the signal aborts. Never rejects. */
export async function believeDeletions(
  { ask, days, believe, ended, logger, clock }: UnaskedDeletionsOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let found: readonly OverdueDeletion[] = [];
    try {
      found = await ask((sql) => overdueDeletions(sql, days, AT_A_TIME));
      for (const one of found) {
        await believe(one.did, signal);
        await ask((sql) => finishDeletion(sql, one));
        ended("deletion_unanswered");
      }
    } catch (error) {
      if (!signal.aborted) logger.warn("cannot remove what deleted accounts published", { error });
      found = [];
    }
    if (found.length < AT_A_TIME) await sleep(LOOK_MS, clock, signal).catch(() => {});
  }
}
