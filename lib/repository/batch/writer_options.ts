import type { Mapper } from "../../mapper/content.ts";
import type { Sql } from "../connection/sql.ts";
import type { Batch } from "../fold/batch.ts";
import type { PartSizes, Step } from "../fold/transaction_options.ts";

/** What a writer needs to write batches, and what it reports. */
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
