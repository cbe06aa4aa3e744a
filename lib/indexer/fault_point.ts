/** Named points of a run: tests inject faults there. */

import type { MigrationStep } from "../repository/schema/migrate.ts";
import type { Step } from "../repository/fold/transaction_options.ts";

export type FaultPoint =
  /** During the migrations at the start. */
  | `migration_${MigrationStep}`
  /** Before the stored cursor is read. */
  | "reading_cursor"
  | "connected"
  | "disconnected"
  /** Reading has stopped, and the queue is about to be written. */
  | "draining"
  /** During a batch of the stream. */
  | `batch_${Step}`
  /** During a retry of dead letters. */
  | `retry_${Step}`;

/** Called before each point. Where possible, the run waits for the returned promise. */
export type OnFaultPoint = (name: FaultPoint) => void | Promise<void>;
