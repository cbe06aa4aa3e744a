/**
 * Writes batches, each exactly once, whatever the database does. A row that Postgres rejects becomes a dead
 * letter alone; while the database is unavailable, the batch is retried.
 */

import type { Sql } from "../connection/sql.ts";
import { type Batch, type BatchResult, refusalKey, type Refusals } from "../fold/batch.ts";
import { PART_SIZES } from "./batch_fold.ts";
import { sqlStateIs } from "../../sqlstate_table.ts";
import { isThere, judgeFailure, sqlStateOf } from "../connection/sqlstate.ts";
import { silenceAfter, withWatchdog } from "../connection/watchdog.ts";
import { asUnusable, bothResults, halvesOf, isUnusable } from "./split_in_half.ts";
import { LeaseLostError } from "../partitions/lease.ts";
import { splitByPartition } from "./split_by_partition.ts";
import { UndigestedMailError } from "../fold/mailbox.ts";
import { PartitionsChangedError, type Share, WHOLE } from "../partitions/partition.ts";
import { rejectRecords } from "./reject_records.ts";
import { findRefusedRows } from "./refused_rows.ts";
import { StoreError } from "../tables/bulk_write.ts";
import { applyBatch } from "./transaction.ts";
import type { TransactionOptions } from "../fold/transaction_options.ts";
import type { WriterOptions } from "./writer_options.ts";
import { Mutex } from "./mutex.ts";
import { WAITING_LIMIT } from "./waiting_limit.ts";

/** Deadlocked attempts before the failure is reported. */
const PATIENCE = 5;

export class Writer {
  readonly #options: WriterOptions;
  /** By partition. */
  readonly #mutexes = new Map<number, Mutex>();
  /** Number of partitions at the last query. */
  #partitions = WHOLE.of;
  /** Partitions whose last batch brought only duplicates, as a replay does: the next one probably does too. */
  readonly #replaying = new Set<number>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the batch is durable. Rejects only when the signal aborts, or with a `LeaseLostError` when
   * the lease was lost. Batches of one partition run one at a time: a second one would wait for the
   * partition's lock and, during a long batch, mistake the database for silent.
   *
   * A batch whose events can be of any partition is divided, and each part is its own transaction.
   */
  async write(batch: Batch, signal: AbortSignal): Promise<BatchResult> {
    const { share } = batch;
    if (share === undefined) return await this.#writeAnywhere(batch, signal);
    let mutex = this.#mutexes.get(share.partition);
    if (mutex === undefined) this.#mutexes.set(share.partition, mutex = new Mutex());
    const result = await mutex.run(() => this.#write(batch, share, signal), signal);
    const { outcomes } = result;
    const isReplay = outcomes.length > 0 && outcomes.every((outcome) => outcome === "duplicate");
    if (isReplay) this.#replaying.add(share.partition);
    else this.#replaying.delete(share.partition);
    return result;
  }

  async #writeAnywhere(batch: Batch, signal: AbortSignal): Promise<BatchResult> {
    return await splitByPartition(batch, this.#partitions, async (part) => {
      try {
        return await this.write(part, signal);
      } catch (error) {
        if (!(error instanceof PartitionsChangedError) || part.lease !== null) throw error;
        this.#partitions = error.found;
        const { share: _, ...anywhere } = part;
        return await this.#writeAnywhere(anywhere, signal);
      }
    });
  }

  async #write(
    batch: Batch,
    share: Share,
    signal: AbortSignal,
    refusals: Refusals = new Map(),
  ): Promise<BatchResult> {
    let overwrite = false;
    for (let attempt = 1;; attempt++) {
      signal.throwIfAborted();
      const sql = this.#options.connection(share.partition);
      try {
        return await this.#withWatchdog(
          sql,
          signal,
          (alive) => this.#apply(sql, batch, { share, refusals, overwrite }, alive),
        );
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof LeaseLostError || error instanceof PartitionsChangedError) throw error;
        // Only rows of new records are inserted. The ledger may have lost some, or another program may write
        // too.
        if (isThere(error) && !overwrite) {
          overwrite = true;
          continue;
        }
        if (judgeFailure(error) === "rows") {
          const found = await this.#refuse(sql, batch, error, refusals, signal).catch(() => null);
          if (found === true) continue;
          if (found === false && batch.mail !== undefined) throw new UndigestedMailError(error);
          if (found === false && !isUnusable(batch)) {
            return await this.#split(batch, share, refusals, sqlStateOf(error), signal);
          }
        }
        signal.throwIfAborted();
        const sqlState = sqlStateOf(error);
        if (sqlStateIs(sqlState, "conflict") && attempt < PATIENCE) continue;
        this.#options.failed(sqlState, attempt, error, share.partition);
        await this.#options.backoff(attempt, signal);
      }
    }
  }

  #apply(
    sql: Sql,
    batch: Batch,
    { share, refusals, overwrite }: Pick<TransactionOptions, "share" | "refusals" | "overwrite">,
    alive: () => void,
  ): Promise<BatchResult> {
    const { mapper, consumer, statementTimeoutMs, step, judged, session } = this.#options;
    const { waitingLimit = WAITING_LIMIT, parts = PART_SIZES } = this.#options;
    return applyBatch(sql, batch, {
      mapper,
      consumer,
      share,
      refusals,
      overwrite,
      statementTimeoutMs,
      waitingLimit,
      parts,
      expectsDuplicates: this.#replaying.has(share.partition),
      ...(session === undefined ? {} : { session: (pid) => session(pid, share.partition) }),
      judged: judged ?? (() => {}),
      step: (name) => {
        alive();
        return step?.(name, batch);
      },
    });
  }

  /** Runs a task; drops the connection when it is silent for too long. */
  #withWatchdog<T>(
    sql: Sql,
    signal: AbortSignal,
    run: (alive: () => void) => Promise<T>,
  ): Promise<T> {
    const { statementTimeoutMs, abandon } = this.#options;
    return withWatchdog(sql, { silentMs: silenceAfter(statementTimeoutMs), abandon, signal }, run);
  }

  /** Finds the rejected rows and rejects their records. Returns false when that makes no progress. */
  async #refuse(
    sql: Sql,
    batch: Batch,
    error: unknown,
    refusals: Refusals,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!(error instanceof StoreError)) return false;
    const { write } = error;
    const rows = await this.#withWatchdog(
      sql,
      signal,
      (alive) => findRefusedRows(sql, write, alive),
    );
    const rejected = rejectRecords(rows, write, refusals);
    for (const { sqlState } of rejected) this.#options.refused(write.name, sqlState);
    const found = rejected.length > 0;
    if (found) await this.#options.step?.("refused", batch);
    return found;
  }

  /**
   * The fallback when a rejection can't be traced to a record: the batch is split until the event is alone.
   * Then its record is rejected. If that fails too, the event is kept as an undecodable message.
   */
  async #split(
    batch: Batch,
    share: Share,
    refusals: Refusals,
    sqlState: string,
    signal: AbortSignal,
  ): Promise<BatchResult> {
    const { events, deadLetters } = batch;
    const [event] = events;
    if (event === undefined) throw new Error("cannot split a batch without events");
    if (events.length === 1) {
      const refusal = {
        reason: "database_refused" as const,
        detail: `a ${event.kind} event, SQLSTATE ${sqlState}`,
      };
      const isRecord = event.kind === "commit" && event.operation !== "delete";
      if (isRecord && !refusals.has(refusalKey(event))) {
        refusals.set(refusalKey(event), { refusal, keepRecord: true });
        return await this.#write(batch, share, signal, refusals);
      }
      // A dead letter that can't be stored as closed stays open.
      if (deadLetters.length > 0) return { outcomes: ["dead_letter"], reasons: [], rowsWritten: 0 };
      return await this.#write(asUnusable(batch, event, refusal), share, signal);
    }
    const [first, second] = halvesOf(batch);
    return bothResults(
      await this.#write(first, share, signal),
      await this.#write(second, share, signal),
    );
  }
}
