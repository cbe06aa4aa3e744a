/** Maps all records of a collection, or of all others, again, in batches, while the stream is written. */

import type { RecordKey } from "../mapper/collection.ts";
import type { Difference } from "../repository/fold/record_difference.ts";
import { FIRST_KEY, ledgerKeys } from "../repository/reconcile/ledger_keys.ts";
import {
  advanceReindex,
  beginReindex,
  finishReindex,
  type MappedRecords,
  type ReindexProgress,
} from "../repository/reconcile/mappings.ts";
import type { Sql } from "../repository/connection/sql.ts";

export interface ReindexOptions {
  readonly sql: () => Sql;
  /** Writes the differences of some records, or only returns them. */
  readonly remap: (
    keys: readonly RecordKey[],
    signal: AbortSignal,
  ) => Promise<readonly Difference[]>;
  /** Write nothing, and store no progress. */
  readonly dryRun: boolean;
  /** Called after the last record. Returns how much else it changed. */
  readonly lastly?: () => Promise<number>;
  /** Called after each batch. */
  readonly advanced: (progress: ReindexProgress, differences: readonly Difference[]) => void;
}

/** Records per batch: it delays the stream by some tenths of a second. */
const BATCH = 1000;

/**
 * Continues a reindex of the same version that was stopped. Returns how many records were mapped, and how
 * many came out differently; null when the signal aborted before the end.
 */
export async function reindex(
  collection: MappedRecords,
  { sql, remap, dryRun, lastly, advanced }: ReindexOptions,
  signal: AbortSignal,
): Promise<ReindexProgress | null> {
  let progress: ReindexProgress = dryRun
    ? { after: FIRST_KEY, done: 0, changed: 0 }
    : await beginReindex(sql(), collection);
  const after = (position: RecordKey): Promise<RecordKey[]> => {
    const keys = ledgerKeys(sql(), collection, position, BATCH);
    // If this function ends early, nobody awaits the query: its failure must not be an unhandled rejection.
    keys.catch(() => {});
    return keys;
  };
  let next = after(progress.after);
  while (!signal.aborted) {
    const keys = await next;
    const last = keys.at(-1);
    if (last === undefined) {
      const changed = await lastly?.() ?? 0;
      if (signal.aborted) return null;
      if (!dryRun) await finishReindex(sql(), collection);
      return { ...progress, changed: progress.changed + changed };
    }
    // The next keys are read while these records are mapped.
    next = after(last);
    const differences = await remap(keys, signal);
    progress = {
      after: last,
      done: progress.done + keys.length,
      changed: progress.changed + differences.length,
    };
    if (!dryRun) await advanceReindex(sql(), collection, progress);
    advanced(progress, differences);
  }
  return null;
}
