/** Leads with one partition, or shares several: again and again, when their number is changed meanwhile. */

import { leadWhenLeased } from "./leadership.ts";
import { learnPartitions } from "./learn_partitions.ts";
import type { HeldPartitions, SharingOptions } from "./share_holder.ts";
import { shareWhenLeased } from "./sharing.ts";
import { PartitionsChangedError } from "../repository/partitions/partition.ts";

export interface DividedOptions extends Omit<SharingOptions, "of"> {
  /** Into how many partitions an empty index is divided. */
  readonly partitions: number;
}

/**
 * Works with what this instance holds until the signal aborts. `work` ends when its signal aborts; it is told how many
 * partitions there are.
 */
export async function workDivided(
  options: DividedOptions,
  work: (held: HeldPartitions, of: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { consumer, logger } = options;
  while (!signal.aborted) {
    const of = await learnPartitions(options, options.partitions, signal);
    if (of === null) return;
    try {
      if (of === 1) {
        const leased = { consumer, partition: 0 };
        await leadWhenLeased({ ...options, leased }, ({ lease, resume }, until) => {
          return work({ leases: [lease], positions: [resume] }, of, until);
        }, signal);
      } else {
        await shareWhenLeased({ ...options, of }, (held, until) => work(held, of, until), signal);
      }
    } catch (error) {
      if (!(error instanceof PartitionsChangedError)) throw error;
      logger.info("the number of partitions was changed", { partitions: error.found });
    }
  }
}
