/** The program under test as the property tests see it, and the check of one delivery against the model. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { brokenRules, readTables } from "./compare.ts";
import { batchesOf, type Delivered } from "./delivery.ts";
import { Model, type Outcome } from "./fold.ts";
import { forbiddenDigits } from "./privacy.ts";
import { differences } from "./tables.ts";

/** Events by outcome; an absent outcome is none. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

export interface System {
  /**
   * Folds the batches in order, each in a transaction of its own; the counts of each, in order. No more
   * records of one repository wait than `waitingLimit`.
   */
  deliver(batches: string[][], waitingLimit?: number): Promise<OutcomeCounts[]>;
  /** Retries all records above the limit, without a limit. Returns how many there were. */
  retryTooMany(): Promise<number>;
  /** Has the source of an account confirm its deletion. */
  confirmDeletion(did: string): Promise<void>;
  readonly sql: Sql;
  /** Makes all tables as they are before the first event. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const OUTCOMES: readonly Outcome[] = [
  "applied",
  "duplicate",
  "stale",
  "waiting",
  "dead_letter",
  "ignored",
];

/** Folds a delivery on empty tables. Returns the differences of system and model, one line each. */
export async function checkDelivery(
  system: System,
  deliveries: readonly Delivered[],
): Promise<string[]> {
  const batches = batchesOf(deliveries);
  await system.reset();
  const counted = await system.deliver(batches);
  const model = new Model();
  return [
    ...countDifferences(batches, counted, model, (counts) => counts),
    ...await tableDifferences(system, deliveries, model),
  ];
}

/** The same for a system whose counts can differ, because partitions are notified later: compares only tables. */
export async function checkAtRest(
  system: System,
  deliveries: readonly Delivered[],
): Promise<string[]> {
  const batches = batchesOf(deliveries);
  await system.reset();
  await system.deliver(batches);
  const model = new Model();
  for (const frame of batches.flat()) model.deliver(frame);
  return await tableDifferences(system, deliveries, model);
}

/**
 * The same where sources answer: after every second batch all deletions of accounts with an even name are
 * confirmed, and at the end all. An account that is deleted in between is as the stream leaves it.
 */
export async function checkConfirmed(
  system: System,
  deliveries: readonly Delivered[],
): Promise<string[]> {
  await system.reset();
  const model = new Model();
  const confirm = async (isDue: (did: string) => boolean): Promise<void> => {
    for (const did of model.deletedAccounts().filter(isDue)) {
      await system.confirmDeletion(did);
      model.confirmDeletion(did);
    }
  };
  const found: string[] = [];
  for (const [index, batch] of batchesOf(deliveries).entries()) {
    found.push(
      ...countDifferences([batch], await system.deliver([batch]), model, (counts) => counts)
        .map((line) => `${index}: ${line}`),
    );
    if (index % 2 === 1) await confirm((did) => did.charCodeAt(did.length - 1) % 2 === 0);
  }
  await confirm(() => true);
  return [...found, ...await tableDifferences(system, deliveries, model)];
}

/** The result with a limit of waiting records. */
export interface Overflow {
  /** How many records were above it at the end. */
  readonly tooMany: number;
  readonly differences: readonly string[];
}

/**
 * The same under a limit of waiting records. Which records are too many hangs on the batches, and that
 * is for other tests; here nothing is lost by it: once they are tried again, the tables are the model's.
 */
export async function checkOverflow(
  system: System,
  deliveries: readonly Delivered[],
  waitingLimit: number,
): Promise<Overflow> {
  const batches = batchesOf(deliveries);
  await system.reset();
  const counted = await system.deliver(batches, waitingLimit);
  const tooMany = await system.retryTooMany();
  const model = new Model();
  const differences = [
    ...countDifferences(batches, counted, model, withoutStanding),
    ...await tableDifferences(system, deliveries, model),
  ];
  return { tooMany, differences };
}

/** Counts that the limit does not change: whether a record is there, waits or is too many is one. */
function withoutStanding({ applied, waiting, dead_letter, ...rest }: OutcomeCounts): OutcomeCounts {
  return { ...rest, applied: (applied ?? 0) + (waiting ?? 0) + (dead_letter ?? 0) };
}

function countDifferences(
  batches: readonly (readonly string[])[],
  counted: readonly OutcomeCounts[],
  model: Model,
  view: (counts: OutcomeCounts) => OutcomeCounts,
): string[] {
  return batches.flatMap((batch, index) => {
    const expected: Partial<Record<Outcome, number>> = {};
    for (const frame of batch) {
      const outcome = model.deliver(frame);
      expected[outcome] = (expected[outcome] ?? 0) + 1;
    }
    const [wanted, found] = [view(expected), view(counted[index] ?? {})];
    return OUTCOMES.filter((outcome) => (wanted[outcome] ?? 0) !== (found[outcome] ?? 0))
      .map((outcome) =>
        `batch ${index}: ${outcome} must be ${wanted[outcome] ?? 0}, found ${found[outcome] ?? 0}`
      );
  });
}

async function tableDifferences(
  system: System,
  deliveries: readonly Delivered[],
  model: Model,
): Promise<string[]> {
  const frames = deliveries.map(({ frame }) => frame);
  return [
    ...differences(model.tables(), await readTables(system.sql)),
    ...await brokenRules(system.sql, forbiddenDigits(frames, model)),
  ];
}
