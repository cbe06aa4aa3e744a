/** One seed of the property test: makes a stream, delivers it somehow, and explains a failure. */

import {
  deliverAtLeastOnce,
  type Delivered,
  deliverOutOfOrder,
  deliverWithFailover,
} from "./delivery.ts";
import { generateStream, type StreamOptions } from "./generator.ts";
import { Random } from "./random.ts";
import { printDelivery, shrink } from "./shrink.ts";
import { checkDelivery, type System } from "./system.ts";

/** The delivery that a seed stands for. */
export function deliveryOf(seed: number, options: StreamOptions = {}): Delivered[] {
  const stream = generateStream(seed, options);
  const deliver = new Random(seed, 5).weighted([
    [7, deliverAtLeastOnce],
    [2, deliverOutOfOrder],
    [1, deliverWithFailover],
  ]);
  return deliver(stream, seed);
}

/** Runs one seed. Null when the system equals the model; else a report with the smallest failure. */
export async function runSeed(
  system: System,
  seed: number,
  options: StreamOptions & { readonly maxTries?: number } = {},
): Promise<string | null> {
  const deliveries = deliveryOf(seed, options);
  const lines = await checkDelivery(system, deliveries);
  if (lines.length === 0) return null;
  const smallest = await shrink(
    deliveries,
    async (candidate) => (await checkDelivery(system, candidate)).length > 0,
    options.maxTries ?? 400,
  );
  const left = await checkDelivery(system, smallest);
  return [
    `seed ${seed}: ${lines.length} differences in ${deliveries.length} deliveries`,
    `smallest failing delivery, ${smallest.length} frames:`,
    printDelivery(smallest),
    ...(left.length > 0 ? left : lines).slice(0, 40),
  ].join("\n");
}
