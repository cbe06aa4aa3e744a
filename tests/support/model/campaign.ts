/** One seed of the property test: creates a stream, delivers it in some way, and explains a failure. */

import {
  deliverAtLeastOnce,
  type Delivered,
  deliverOutOfOrder,
  deliverWithFailover,
} from "./delivery.ts";
import { generateStream, type StreamOptions } from "./generator.ts";
import { Random } from "./random.ts";
import { printDelivery, shrink } from "./shrink.ts";
import {
  checkAtRest,
  checkConfirmed,
  checkDelivery,
  checkOverflow,
  type System,
} from "./system.ts";

/** The delivery that a seed produces. */
export function deliveryOf(seed: number, options: StreamOptions = {}): Delivered[] {
  const stream = generateStream(seed, options);
  const deliver = new Random(seed, 5).weighted([
    [7, deliverAtLeastOnce],
    [2, deliverOutOfOrder],
    [1, deliverWithFailover],
  ]);
  return deliver(stream, seed);
}

/** The result of one seed. */
export interface Report {
  /** Null when the system equals the model; otherwise the smallest failure as text. */
  readonly failure: string | null;
  /** Records that were above the limit of waiting ones. */
  readonly tooMany: number;
}

/** One waiting record of a repository fills it. */
const LIMIT = 1;

/** Runs one seed as it is. */
export async function runSeed(
  system: System,
  seed: number,
  options: SeedOptions = {},
): Promise<string | null> {
  return await explained(seed, options, (deliveries) => checkDelivery(system, deliveries));
}

/** Runs one seed on a system of several partitions. */
export async function runSeedAtRest(
  system: System,
  seed: number,
  options: SeedOptions = {},
): Promise<string | null> {
  return await explained(seed, options, (deliveries) => checkAtRest(system, deliveries));
}

/** Runs one seed where sources confirm deletions meanwhile. */
export async function runSeedConfirmed(
  system: System,
  seed: number,
  options: SeedOptions = {},
): Promise<string | null> {
  return await explained(seed, options, (deliveries) => checkConfirmed(system, deliveries));
}

/** Runs one seed where no two records of a repository may wait. */
export async function runSeedWithOverflow(
  system: System,
  seed: number,
  options: SeedOptions = {},
): Promise<Report> {
  let tooMany = 0;
  const failure = await explained(seed, options, async (deliveries) => {
    const overflow = await checkOverflow(system, deliveries, LIMIT);
    tooMany = overflow.tooMany;
    return overflow.differences;
  });
  return { failure, tooMany };
}

interface SeedOptions extends StreamOptions {
  /** How often the smallest failure is looked for. */
  readonly maxTries?: number;
}

/** Null when a delivery has no differences; else a report with the smallest one that has. */
async function explained(
  seed: number,
  options: SeedOptions,
  check: (deliveries: readonly Delivered[]) => Promise<readonly string[]>,
): Promise<string | null> {
  const deliveries = deliveryOf(seed, options);
  const lines = await check(deliveries);
  if (lines.length === 0) return null;
  const smallest = await shrink(
    deliveries,
    async (candidate) => (await check(candidate)).length > 0,
    options.maxTries ?? 400,
  );
  const left = await check(smallest);
  return [
    `seed ${seed}: ${lines.length} differences in ${deliveries.length} deliveries`,
    `smallest failing delivery, ${smallest.length} frames:`,
    printDelivery(smallest),
    ...(left.length > 0 ? left : lines).slice(0, 40),
  ].join("\n");
}
