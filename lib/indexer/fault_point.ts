/** Places that a run passes, by name: tests inject faults there. */

import type { MigrationStep } from "../repository/schema/migrate.ts";
import type { Step } from "../repository/fold/transaction_options.ts";

export type FaultPoint =
  /** Of the migrations at the start. */
  | `migration_${MigrationStep}`
  /** The stored cursor is about to be read. */
  | "reading_cursor"
  | "connected"
  | "disconnected"
  /** What is queued is about to be written, and nothing more is read. */
  | "draining"
  /** Of a batch of the stream. */
  | `batch_${Step}`
  /** Of dead letters that are tried again. */
  | `retry_${Step}`;

/** Told before each of them. A run waits for what it returns where it can wait. */
export type OnFaultPoint = (name: FaultPoint) => void | Promise<void>;
