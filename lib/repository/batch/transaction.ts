/**
 * One batch, one transaction: load, fold, store, move the cursor. Only the commit has an effect outside, so a
 * batch that fails at any instruction can be run again from the start.
 */

import type { Query, Sql, TransactionSql } from "../connection/sql.ts";
import type { Batch, BatchResult } from "../fold/batch.ts";
import { foldBatch } from "./batch_fold.ts";
import { moveCursor } from "./cursor.ts";
import { type Lease, LeaseLostError } from "../partitions/lease.ts";
import { PartitionsChangedError, type Share } from "../partitions/partition.ts";
import type { TransactionOptions } from "../fold/transaction_options.ts";

/**
 * Transactions that fold share this lock with those of other partitions. Changing the number of partitions
 * takes it exclusively, and so do older versions, which had one writer.
 */
export const WRITER_LOCK = 0x6a_65_74_73; // "jets"

/** For a `select`: makes all plans of the transaction suitable for tables of any size. */
export function planSettings(tx: TransactionSql): Query<unknown> {
  return tx`set_config('plan_cache_mode', 'force_generic_plan', true),
        set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)`;
}

/** The result of a batch whose commit may have happened although its answer was lost. */
const attempts = new WeakMap<Batch, BatchResult>();

/**
 * For each lease, the ids that the partition's row can hold as its newest batch: of the newest batch that was
 * committed, and of those whose answer is not known. With any other the database lost commits, as after a failover
 * to a server that lagged behind. Its cursor is then behind events that this process takes for stored.
 */
const newest = new WeakMap<Lease, Set<string>>();

/**
 * Applies a batch. Resolves once it is durable.
 *
 * Waiting for the lock has a timeout, because an abandoned attempt must not wait forever. Plans are kept, so
 * they must suit tables of any size: each row of a batch is looked up by an index. Plans made for nearly
 * empty tables would scan them once they are large.
 */
export async function applyBatch(
  sql: Sql,
  batch: Batch,
  options: TransactionOptions,
): Promise<BatchResult> {
  await options.step("beginning");
  let stored = (): Promise<number> => Promise.resolve(0);
  const result = await sql.begin(async (tx) => {
    const { consumer, share, step } = options;
    const { lease } = batch;
    const timeout = String(options.statementTimeoutMs);
    // A stopped client must not keep the row locked for longer than its lease lasts.
    const idleTimeout = String(Math.min(options.statementTimeoutMs, lease?.ms ?? Infinity));
    const told = tx<{ pid: number }[]>`select pg_backend_pid() as pid`
      .then(([row]) => row !== undefined && options.session?.(row.pid));
    const locked = Promise.all([
      tx`select set_config('statement_timeout', ${timeout}, true),
        set_config('lock_timeout', ${timeout}, true),
        set_config('idle_in_transaction_session_timeout', ${idleTimeout}, true),
        ${planSettings(tx)},
        set_config('jetstream_indexer.share', ${shareText(share)}, true),
        case when ${batch.remap === undefined}::boolean
          then pg_catalog.pg_advisory_xact_lock_shared(${WRITER_LOCK})
          else pg_catalog.pg_advisory_xact_lock(${WRITER_LOCK}) end,
        pg_catalog.pg_advisory_xact_lock(${WRITER_LOCK}, ${share.partition})`,
      tx<StateRow[]>`
        select batch, holder, epoch::float8 as epoch from indexer_state
        where consumer = ${consumer} and partition = ${share.partition} for update`,
      tx<DivisionRow[]>`
        select coalesce((select partitions from partitioning), 1) as partitions,
          exists (select from mailbox where partition = ${share.partition}) as mail`,
      told,
    ]);
    const begun = locked.then(([, [state], [division]]) => {
      const partitions = division?.partitions ?? 1;
      const isAlone = batch.remap !== undefined;
      if (partitions !== share.of && !isAlone) {
        throw new PartitionsChangedError(share.of, partitions);
      }
      if (lease !== null && !isHeld(lease, state)) throw new LeaseLostError(lease);
      if (lease !== null && !isNewest(batch, lease, state)) {
        throw new LeaseLostError(lease, "the database lost committed batches");
      }
      return step("begun");
    });
    const before = attempts.get(batch);
    if (before !== undefined) {
      await begun;
      const [, state] = await locked;
      if (state[0]?.batch === batch.id) return before;
    }

    const folded = await foldBatch(tx, batch, begun, options);
    stored = folded.stored;
    // Rows, cursor and COMMIT are sent together; when a row is rejected, the COMMIT acts as a rollback.
    // Batches outside the stream need no lost-answer check: running them twice changes nothing.
    if (batch.deadLetters.length === 0 && !batch.fromSource) {
      moveCursor(tx, batch, { consumer, partition: share.partition }).catch(() => {});
    }
    await step("cursor_moved");
    const [, , [division]] = await locked;
    const result = { ...folded.result, ...(division?.mail ? { hasMail: true } : {}) };
    attempts.set(batch, { ...result, rowsWritten: 0 });
    return result;
  }).catch(async (error) => {
    // Throws a `StoreError`, which says which rows failed.
    await stored();
    throw error;
  });
  if (batch.lease !== null) newest.set(batch.lease, new Set([batch.id]));
  await options.step("committed");
  return { ...result, rowsWritten: await stored() };
}

/** The partition, as the memberships trigger reads it. Empty when there is only one. */
function shareText({ partition, of }: Share): string {
  return of === 1 ? "" : `${partition}/${of}`;
}

interface DivisionRow {
  readonly partitions: number;
  /** Whether the partition has notes. */
  readonly mail: boolean;
}

interface StateRow {
  readonly batch: string | null;
  readonly holder: string | null;
  readonly epoch: number;
}

/** Whether the row's newest batch is one that can be, now that another attempt of `batch` begins. */
function isNewest({ id }: Batch, lease: Lease, state: StateRow | undefined): boolean {
  const ids = newest.get(lease);
  return ids === undefined || ids.add(id).has(state?.batch ?? "");
}

function isHeld({ holder, epoch }: Lease, state: StateRow | undefined): boolean {
  return state !== undefined && state.holder === holder && state.epoch === epoch;
}
