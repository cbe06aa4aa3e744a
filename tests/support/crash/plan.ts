/** What a process under test does to itself, and the messages about it. */

import type { FaultPoint } from "../../../lib/indexer/fault_point.ts";
import type { Step } from "../../../lib/repository/fold/transaction_options.ts";

/** The fault points, and those that only the whole process has. */
export type Point =
  | FaultPoint
  /** The HTTP server listens, and the database was not queried yet. */
  | "started"
  /** A commit was counted. */
  | "counted"
  /** In a batch that is written after reading has ended. */
  | `drain_${Step}`;

/** The n-th time that a process passes a point, counted from 1. */
export interface Passing {
  readonly point: Point;
  readonly nth: number;
}

export interface Plan {
  /** Where it kills itself. */
  readonly kill: Passing | null;
  /** Where it asks itself to stop. */
  readonly stop: Passing | null;
  /** How many times as fast its clock runs. */
  readonly haste: number;
  /** How far its time of day is ahead of the machine's, milliseconds. */
  readonly aheadMs?: number;
  readonly env: Readonly<Record<string, string>>;
}

/** One line of its standard output. */
export type Said =
  | { readonly said: "listening"; readonly port: number }
  /** The position that is committed. */
  | { readonly said: "at"; readonly cursor: number }
  | { readonly said: "killing"; readonly point: Point };

/** Log lines are not messages of the plan. */
export function readSaid(line: string): Said | null {
  return line.startsWith('{"said":') ? JSON.parse(line) : null;
}
