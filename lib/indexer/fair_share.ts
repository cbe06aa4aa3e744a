/**
 * How many partitions an instance holds: as many as the others, give or take one. Pure, and as
 * tests/design/rebalance.pml has it.
 */

import type { Instance, Sharers } from "../repository/partitions/instances.ts";

/** How many partitions an instance aims at: the first ones by id have one more where they don't divide evenly. */
export function aimOf(holder: string, { partitions, instances }: Sharers): number {
  const holders = instances.map((instance) => instance.holder);
  if (!holders.includes(holder)) holders.push(holder);
  holders.sort();
  const rank = holders.indexOf(holder);
  return Math.floor(partitions / holders.length) + (rank < partitions % holders.length ? 1 : 0);
}

/** Whether an instance may take one more: up to its aim, and above it what nobody else wants. */
export function mayTake(holder: string, held: number, sharers: Sharers): boolean {
  return held < aimOf(holder, sharers) || !othersWant(holder, sharers.instances);
}

/** How many it gives: what is above its aim, and only to one that wants. */
export function surplus(holder: string, held: number, sharers: Sharers): number {
  const above = held - aimOf(holder, sharers);
  return above > 0 && othersWant(holder, sharers.instances) ? above : 0;
}

function othersWant(holder: string, instances: readonly Instance[]): boolean {
  return instances.some((instance) => instance.holder !== holder && instance.wants);
}
