import type { Mapper } from "../../mapper/content.ts";
import type { Refusals } from "./batch.ts";
import type { Share } from "../partitions/partition.ts";

/** What a transaction needs besides the batch. */
export interface TransactionOptions {
  readonly mapper: Mapper;
  readonly consumer: string;
  readonly refusals: Refusals;
  /** The partition of the whole batch. */
  readonly share: Share;
  /** Whether to overwrite product rows that exist although the ledger has never had their record. */
  readonly overwrite: boolean;
  /** Whether the events are expected to be stored already: then their states are read before anything else. */
  readonly expectsDuplicates: boolean;
  readonly parts: PartSizes;
  /** How many records of one repository may wait for others. */
  readonly waitingLimit: number;
  /** A statement that takes longer fails, and the batch is retried. */
  readonly statementTimeoutMs: number;
  /** Called before each step: used to inject faults and to see progress. */
  readonly step: (name: Step) => void | Promise<void>;
  /** Called with the session's process id before the session waits for anything. */
  readonly session?: (pid: number) => void;
  /** Called with the number of records judged again: one event can have many consequences. */
  readonly judged: (records: number) => void;
}

export type Step =
  | "beginning"
  | "begun"
  | "loaded"
  /** Records were judged again, because an account or a record that they refer to changed. */
  | "judged_again"
  | "folded"
  | "stored"
  | "cursor_moved"
  | "committed"
  /** The batch failed because of rows that are identified now; it is about to run without them. */
  | "refused";

/** Number of events per part, that is, between two sends to Postgres. */
export interface PartSizes {
  readonly first: number;
  readonly next: number;
}
