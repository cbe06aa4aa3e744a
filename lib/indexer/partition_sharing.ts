/**
 * Which instance writes which partition: the instances share them evenly, with one lease per partition. A new
 * instance announces that it wants partitions and gets some; those of a lost instance are taken when their
 * leases expire. When the set of an instance changes, it drains and reads again from the least position of
 * its partitions.
 */

import { sleep } from "../client/clock.ts";
import { LeaseLostError } from "../repository/partitions/lease.ts";
import { ASK_MS } from "./leadership.ts";
import {
  type HeldPartitions,
  PartitionLeases,
  type PartitionLeasesOptions,
} from "./partition_leases.ts";

/**
 * Runs `work` on this instance's share of the partitions until the signal aborts. `work` ends when its signal
 * aborts. Throws a `PartitionsChangedError` when the number of partitions has changed, and whatever `work`
 * rejects with.
 */
export async function shareWhenLeased(
  options: PartitionLeasesOptions,
  work: (held: HeldPartitions, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const share = new PartitionLeases(options);
  try {
    while (!signal.aborted) {
      await share.adjust(signal);
      const held = share.isEmpty ? null : await share.positions(signal);
      if (held === null) {
        if (share.failure !== null) options.cannotClaim(share.failure);
        else if (share.isEmpty) options.standsBy();
        await sleep(ASK_MS, options.clock, signal).catch(() => {});
        continue;
      }
      await workUntilChanged(share, options, (until) => work(held, until), signal);
    }
  } finally {
    await share.close();
  }
}

async function workUntilChanged(
  share: PartitionLeases,
  { logger, clock }: PartitionLeasesOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const changed = new AbortController();
  const until = AbortSignal.any([signal, changed.signal, ...share.lostSignals]);
  logger.info("leading", { partitions: share.partitions.join(" ") });
  let failure: unknown = null;
  const watching = (async (): Promise<void> => {
    while (!until.aborted) {
      await sleep(ASK_MS, clock, until).catch(() => {});
      if (until.aborted) return;
      if (await share.isToChange(until)) {
        changed.abort(new Error("the share of this instance changed"));
      }
    }
  })().catch((error) => {
    // The number of partitions has changed. A quiet stream has no batch that would notice it.
    failure = error;
    changed.abort(error);
  });
  try {
    await work(until);
  } catch (error) {
    if (error instanceof LeaseLostError) {
      await share.drop(error.partition, error.why);
    } else if (!until.aborted || signal.aborted) failure = error;
  } finally {
    changed.abort();
    await watching;
  }
  if (failure !== null) throw failure;
}
