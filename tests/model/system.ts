/** The program under test as the property tests see it, and the check of one delivery against the model. */

import type { Sql } from "postgres";
import { brokenRules, readTables } from "./compare.ts";
import { batchesOf, type Delivered } from "./delivery.ts";
import { Model, type Outcome } from "./fold.ts";
import { forbiddenDigits } from "./privacy.ts";
import { differences } from "./tables.ts";

/** Events by outcome; an absent outcome is none. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

export interface System {
  /** Folds the batches in order, each in a transaction of its own; the counts of each, in order. */
  deliver(batches: string[][]): Promise<OutcomeCounts[]>;
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

/** Folds a delivery on empty tables and says, one line each, where the system and the model differ. */
export async function checkDelivery(
  system: System,
  deliveries: readonly Delivered[],
): Promise<string[]> {
  const batches = batchesOf(deliveries);
  await system.reset();
  const counted = await system.deliver(batches);
  const model = new Model();
  const lines: string[] = [];
  batches.forEach((batch, index) => {
    const outcomes = batch.map((frame) => model.deliver(frame));
    for (const outcome of OUTCOMES) {
      const wanted = outcomes.filter((one) => one === outcome).length;
      const found = counted[index]?.[outcome] ?? 0;
      if (wanted === found) continue;
      lines.push(`batch ${index}: ${outcome} must be ${wanted}, found ${found}`);
    }
  });
  lines.push(...differences(model.tables(), await readTables(system.sql)));
  const frames = deliveries.map(({ frame }) => frame);
  lines.push(...await brokenRules(system.sql, forbiddenDigits(frames, model)));
  return lines;
}
