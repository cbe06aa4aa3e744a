import type { Mapper } from "../../mapper/content.ts";
import type { Refusals } from "./batch.ts";
import type { Share } from "../partitions/partition.ts";

/** What a transaction needs besides the batch. */
export interface TransactionOptions {
  readonly mapper: Mapper;
  readonly consumer: string;
  readonly refusals: Refusals;
  /** The partition that all of the batch is in. */
  readonly share: Share;
  /** Takes rows over that are there although the ledger has never had their record. */
  readonly overwrite: boolean;
  readonly parts: PartSizes;
  /** How many records of one repository may wait for others. */
  readonly waitingLimit: number;
  /** A statement that takes longer ends with an error, and the batch is tried again. */
  readonly statementTimeoutMs: number;
  /** Told before each step: faults are injected here, and progress is seen. */
  readonly step: (name: Step) => void | Promise<void>;
  /** Told which session of the database runs it, before it waits for anything. */
  readonly session?: (pid: number) => void;
  /** Told of records that were judged again: one event can have many consequences. */
  readonly judged: (records: number) => void;
}

export type Step =
  | "beginning"
  | "begun"
  | "loaded"
  /** Some records were judged again, because an account or a record that they refer to changed. */
  | "judged_again"
  | "folded"
  | "stored"
  | "cursor_moved"
  | "committed"
  /** The batch failed because of rows that were found since: it is about to be run without them. */
  | "refused";

/** In how many events each Postgres is given what they made. */
export interface PartSizes {
  readonly first: number;
  readonly next: number;
}
