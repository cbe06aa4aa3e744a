/** Where processes are killed, one after another, while they process one stream. */

import type { Random } from "../model/random.ts";
import type { Passing, Point } from "./plan.ts";

/** One process and its end. */
export interface Round {
  readonly kill: Passing;
  readonly stop?: Passing;
  /** Postgres rejects rows of scenes meanwhile. */
  readonly refuses?: boolean;
  /** Dead letters are due, and checked often. */
  readonly retries?: boolean;
  /** The stream's server drops its connections after the first commit. */
  readonly drops?: boolean;
}

const OF_A_START: readonly Point[] = [
  "migration_locked",
  "migration_applied",
  "migration_committed",
  "reading_cursor",
  "started",
  "connected",
  "counted",
];

const OF_A_BATCH: readonly Point[] = [
  "batch_beginning",
  "batch_begun",
  "batch_loaded",
  "batch_judged_again",
  "batch_folded",
  "batch_stored",
  "batch_cursor_moved",
  "batch_committed",
];

const OF_A_DRAIN: readonly Point[] = [
  "draining",
  "drain_stored",
  "drain_cursor_moved",
  "drain_committed",
];

const OF_A_RETRY: readonly Point[] = [
  "retry_begun",
  "retry_stored",
  "retry_cursor_moved",
  "retry_committed",
];

/**
 * Every point: first those of a new database, then, in each pass, all others in any order.
 */
export function roundsOf(random: Random, passes: number): Round[] {
  const starts = OF_A_START.map((point): Round => {
    const nth = point === "migration_applied" ? random.between(1, 3) : 1;
    return { kill: { point, nth } };
  });
  const rest = Array.from({ length: passes }, () => shuffled(anyTime(random), random));
  return [...starts, ...rest.flat()];
}

function anyTime(random: Random): Round[] {
  const batches = OF_A_BATCH.map((point): Round => ({
    kill: { point, nth: random.between(1, 3) },
  }));
  const drains = OF_A_DRAIN.map((point): Round => ({
    kill: { point, nth: 1 },
    stop: { point: "batch_begun", nth: random.between(1, 2) },
  }));
  const reconnects: Round[] = [
    { kill: { point: "disconnected", nth: 1 }, drops: true },
    { kill: { point: "connected", nth: 2 }, drops: true },
  ];
  const refusals: Round[] = [
    { kill: { point: "batch_refused", nth: 1 }, refuses: true },
    { kill: { point: "batch_refused", nth: 2 }, refuses: true },
  ];
  const retries = OF_A_RETRY.map((point): Round => ({ kill: { point, nth: 1 }, retries: true }));
  return [...batches, ...drains, ...reconnects, ...refusals, ...retries];
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.between(0, left.length - 1), 1)).flat();
}
