/** Leads one partition, or shares several. Starts over when the number of partitions changes. */

import { leadWhenLeased } from "./leadership.ts";
import { readPartitionCount } from "./read_partition_count.ts";
import type { HeldPartitions, PartitionLeasesOptions } from "./partition_leases.ts";
import { shareWhenLeased } from "./partition_sharing.ts";
import { PartitionsChangedError } from "../repository/partitions/partition.ts";

export interface RunPartitionsOptions extends Omit<PartitionLeasesOptions, "of" | "standsBy"> {
  /** The number of partitions for an empty index. */
  readonly partitions: number;
  /** Called with the number of partitions when other instances turn out to lead all of them. */
  readonly standsBy: (of: number) => void;
}

/**
 * Runs `work` on the partitions of this instance until the signal aborts. `work` gets the number of
 * partitions, and ends when its signal aborts.
 */
export async function runPartitions(
  { standsBy, ...options }: RunPartitionsOptions,
  work: (held: HeldPartitions, of: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { consumer, logger } = options;
  while (!signal.aborted) {
    const of = await readPartitionCount(options, options.partitions, signal);
    if (of === null) return;
    const common = { ...options, standsBy: () => standsBy(of) };
    try {
      if (of === 1) {
        const leased = { consumer, partition: 0 };
        await leadWhenLeased({ ...common, leased }, ({ lease, resume }, until) => {
          return work({ leases: [lease], positions: [resume] }, of, until);
        }, signal);
      } else {
        await shareWhenLeased({ ...common, of }, (held, until) => work(held, of, until), signal);
      }
    } catch (error) {
      if (!(error instanceof PartitionsChangedError)) throw error;
      logger.info("the number of partitions was changed", { partitions: error.found });
    }
  }
}
