/**
 * Writes batches, each exactly once, whatever the database does. A row that Postgres rejects becomes a dead
 * letter alone; while the database is unavailable, the batch is retried.
 */

import type { Row } from "../../mapper/collection.ts";
import type { Sql } from "../connection/sql.ts";
import type { Mapper } from "../../mapper/content.ts";
import { idempotencyKey } from "../../mapper/idempotency_key.ts";
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
import { findRefusedRows } from "./refused_rows.ts";
import { type BulkWrite, StoreError } from "../tables/bulk_write.ts";
import { applyBatch } from "./transaction.ts";
import type { PartSizes, Step, TransactionOptions } from "../fold/transaction_options.ts";
import { Mutex } from "./mutex.ts";
import { WAITING_LIMIT } from "./waiting_limit.ts";

export interface WriterOptions {
  readonly mapper: Mapper;
  readonly consumer: string;
  /** The current connection of a partition; called before each attempt. */
  readonly connection: (partition: number) => Sql;
  /** Drops a connection that has been silent for too long. */
  readonly abandon: (sql: Sql) => void;
  /** Limit for one statement, milliseconds. */
  readonly statementTimeoutMs: number;
  /** How many records of one repository may wait for others. Default: `WAITING_LIMIT`. */
  readonly waitingLimit?: number;
  /** Default: `PART_SIZES`. */
  readonly parts?: PartSizes;
  /** Waits between attempts; rejects when the signal aborts. */
  readonly backoff: (attempt: number, signal: AbortSignal) => Promise<void>;
  /** Called when a batch could not be written and will be retried. */
  readonly failed: (sqlState: string, attempt: number, error: unknown, partition: number) => void;
  /** Called when Postgres rejected a row. */
  readonly refused: (table: string, sqlState: string) => void;
  /** Called with the number of records judged again in a transaction, which can be large. */
  readonly judged?: (records: number) => void;
  /** Called before each step of a transaction, with its batch. */
  readonly step?: (name: Step, batch: Batch) => void | Promise<void>;
  /** Called with the session that runs a transaction, before the session waits for anything. */
  readonly session?: (pid: number, partition: number) => void;
}

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
   * another instance leads. Batches of one partition run one at a time: a second one would wait for the
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
    let found = false;
    for (const { row, sqlState } of rows) {
      const key = refusalKeyOf(row, write);
      if (key === null || refusals.get(key)?.keepRecord === false) continue;
      found = true;
      refusals.set(key, {
        refusal: {
          reason: "database_refused",
          detail: `table ${write.name}, SQLSTATE ${sqlState}`,
        },
        // A record that the ledger itself can't store, or that is rejected again, loses its body.
        keepRecord: write.collection !== undefined && !refusals.has(key),
      });
      this.#options.refused(write.name, sqlState);
    }
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
    const { events, letters } = batch;
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
      // A letter that can't be stored as closed stays open.
      if (letters.length > 0) return { outcomes: ["dead_letter"], reasons: [], rowsWritten: 0 };
      return await this.#write(asUnusable(batch, event, refusal), share, signal);
    }
    const [first, second] = halvesOf(batch);
    return bothResults(
      await this.#write(first, share, signal),
      await this.#write(second, share, signal),
    );
  }
}

/** The idempotency key of the record that a row belongs to; null when it belongs to none. */
function refusalKeyOf(row: Row, write: BulkWrite): string | null {
  if (write.name === "dead_letters") return textOf(row["fingerprint"]);
  const did = textOf(row["did"] ?? row["record_did"]);
  const collection = textOf(row["collection"] ?? write.collection);
  const rkey = textOf(row["rkey"] ?? row["record_rkey"]);
  const rev = textOf(row["rev"] ?? row["record_rev"]);
  if (did === null || collection === null || rkey === null || rev === null) return null;
  return idempotencyKey({ did, collection, rkey }, rev);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
