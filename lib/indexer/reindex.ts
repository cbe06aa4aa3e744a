/** Maps all records of a collection again, some at a time, beside whoever writes meanwhile. */

import type { Collection, RecordKey } from "../mapper/collection.ts";
import type { Difference } from "../repository/fold/record_difference.ts";
import { FIRST_KEY, ledgerKeys } from "../repository/reconcile/ledger_keys.ts";
import {
  advanceReindex,
  beginReindex,
  finishReindex,
  type ReindexProgress,
} from "../repository/reconcile/mappings.ts";
import type { Sql } from "../repository/connection/sql.ts";

export interface ReindexOptions {
  readonly sql: () => Sql;
  /** Writes what differs of some records, or only tells. */
  readonly remap: (
    keys: readonly RecordKey[],
    signal: AbortSignal,
  ) => Promise<readonly Difference[]>;
  /** Nothing is written, and no progress is kept. */
  readonly dryRun: boolean;
  /** Told after each batch. */
  readonly advanced: (progress: ReindexProgress, differences: readonly Difference[]) => void;
}

/** Records of a batch: it holds up the stream for some tenths of a second. */
const BATCH = 1000;

/**
 * Goes on where one of the same version was stopped. Returns how many records were mapped and how many
 * stood otherwise; null when the signal aborted before the end.
 */
export async function reindex(
  collection: Collection,
  { sql, remap, dryRun, advanced }: ReindexOptions,
  signal: AbortSignal,
): Promise<ReindexProgress | null> {
  let progress: ReindexProgress = dryRun
    ? { after: FIRST_KEY, done: 0, changed: 0 }
    : await beginReindex(sql(), collection);
  while (!signal.aborted) {
    const keys = await ledgerKeys(sql(), collection.nsid, progress.after, BATCH);
    const last = keys.at(-1);
    if (last === undefined) {
      if (!dryRun) await finishReindex(sql(), collection);
      return progress;
    }
    const differences = await remap(keys, signal);
    progress = {
      after: { did: last.did, rkey: last.rkey },
      done: progress.done + keys.length,
      changed: progress.changed + differences.length,
    };
    if (!dryRun) await advanceReindex(sql(), collection, progress);
    advanced(progress, differences);
  }
  return null;
}
