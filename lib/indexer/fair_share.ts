/**
 * How many partitions an instance holds: an even share, give or take one. Pure functions;
 * tests/design/rebalance.pml has the same rules.
 */

import type { Instance, Sharers } from "../repository/partitions/instances.ts";

/**
 * The target number for an instance. When the partitions don't divide evenly, the first instances by id get
 * one more.
 */
export function aimOf(holder: string, { partitions, instances }: Sharers): number {
  const holders = instances.map((instance) => instance.holder);
  if (!holders.includes(holder)) holders.push(holder);
  holders.sort();
  const rank = holders.indexOf(holder);
  return Math.floor(partitions / holders.length) + (rank < partitions % holders.length ? 1 : 0);
}

/** Whether an instance may take one more: up to its target, and beyond it what no other instance wants. */
export function mayTake(holder: string, held: number, sharers: Sharers): boolean {
  return held < aimOf(holder, sharers) || !othersWant(holder, sharers.instances);
}

/** How many partitions to release: those above the target, and only if another instance wants some. */
export function surplus(holder: string, held: number, sharers: Sharers): number {
  const above = held - aimOf(holder, sharers);
  return above > 0 && othersWant(holder, sharers.instances) ? above : 0;
}

function othersWant(holder: string, instances: readonly Instance[]): boolean {
  return instances.some((instance) => instance.holder !== holder && instance.wants);
}
