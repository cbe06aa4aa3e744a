/** The partition leases of an instance: takes, keeps and releases them. */

import type { ResumePoint } from "../client/live/resume_point.ts";
import { readCursor } from "../repository/batch/cursor.ts";
import { sqlStateOf } from "../repository/connection/sqlstate.ts";
import { leave, meet, type Sharers } from "../repository/partitions/instances.ts";
import { claimLease, type Lease, type LeaseLoss } from "../repository/partitions/lease.ts";
import { PartitionsChangedError } from "../repository/partitions/partition.ts";
import { aimOf, mayTake, surplus } from "./fair_share.ts";
import { ASK_MS, keepRenewed, type LeadershipOptions, logLoss, release } from "./leadership.ts";

/** Instances report once a second; missing a few reports does not make one absent. */
const ABSENT_MS = 5 * ASK_MS;

export interface PartitionLeasesOptions extends Omit<LeadershipOptions, "leased"> {
  readonly consumer: string;
  /** The number of partitions. */
  readonly of: number;
}

/** The partitions that this instance holds, and the position of each. */
export interface HeldPartitions {
  readonly leases: readonly Lease[];
  /** In the order of the leases; null: nothing was ever committed. */
  readonly positions: readonly (ResumePoint | null)[];
}

interface Held {
  readonly lease: Lease;
  readonly lost: AbortController;
  readonly ended: AbortController;
  readonly renewing: Promise<void>;
}

export class PartitionLeases {
  readonly #options: PartitionLeasesOptions;
  readonly #held = new Map<number, Held>();
  #sharers: Sharers | null = null;
  #failure: string | null = null;

  constructor(options: PartitionLeasesOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  get partitions(): number[] {
    return [...this.#held.keys()].sort((one, other) => one - other);
  }

  /** The code of the last question to the database, when it failed. */
  get failure(): string | null {
    return this.#failure;
  }

  get lostSignals(): AbortSignal[] {
    return [...this.#held.values()].map(({ lost }) => lost.signal);
  }

  /** Releases surplus partitions and takes free ones, while none of them is being written. */
  async adjust(signal: AbortSignal): Promise<void> {
    for (const [partition, { lost }] of this.#held) {
      if (lost.signal.aborted) await this.drop(partition);
    }
    const sharers = await this.#meet(signal);
    if (sharers === null) return;
    const { instance } = this.#options;
    for (const partition of this.partitions.slice(0, surplus(instance, this.#held.size, sharers))) {
      await this.#give(partition);
    }
    await this.#takeAll(sharers, signal);
  }

  /** Whether the set of partitions has to change. Free partitions are taken at once. */
  async isToChange(signal: AbortSignal): Promise<boolean> {
    const sharers = await this.#meet(signal);
    if (sharers === null) return false;
    return surplus(this.#options.instance, this.#held.size, sharers) > 0 ||
      await this.#takeAll(sharers, signal);
  }

  /** The positions of the held partitions. Null when the database can't be queried now. */
  async positions(signal: AbortSignal): Promise<HeldPartitions | null> {
    const { database, silentMs, consumer, pass } = this.#options;
    const leases = this.partitions.map((partition) => this.#held.get(partition)!.lease);
    return await this.#tried(() =>
      database.ask(async (sql) => {
        await pass("reading_cursor");
        const positions: (ResumePoint | null)[] = [];
        for (const { partition } of leases) {
          positions.push(await readCursor(sql, consumer, partition));
        }
        return { leases, positions };
      }, { silentMs, signal }), signal);
  }

  /** Drops a lease that was lost. */
  async drop(partition: number, why: LeaseLoss = "another instance leads"): Promise<void> {
    const held = this.#held.get(partition);
    if (held === undefined) return;
    this.#held.delete(partition);
    held.ended.abort();
    await held.renewing;
    logLoss(this.#options, held.lease, why);
  }

  async close(): Promise<void> {
    const { database, consumer, instance, silentMs } = this.#options;
    for (const partition of this.partitions) await this.#give(partition);
    const signal = AbortSignal.timeout(ASK_MS);
    await database.ask((sql) => leave(sql, consumer, instance), { silentMs, signal }).catch(
      () => {},
    );
  }

  async #meet(signal: AbortSignal): Promise<Sharers | null> {
    const { database, consumer, instance, leaseMs, silentMs, of } = this.#options;
    const wants = this.#held.size < (this.#sharers === null ? of : aimOf(instance, this.#sharers));
    const sharers = await this.#tried(
      () =>
        database.ask(
          (sql) => meet(sql, consumer, { holder: instance, wants }, Math.max(leaseMs, ABSENT_MS)),
          {
            silentMs,
            signal,
          },
        ),
      signal,
    );
    if (sharers !== null && sharers.partitions !== of) {
      throw new PartitionsChangedError(of, sharers.partitions);
    }
    if (sharers !== null) this.#sharers = sharers;
    return sharers;
  }

  /** Takes free partitions, as many as allowed. Returns whether it took any. */
  async #takeAll(sharers: Sharers, signal: AbortSignal): Promise<boolean> {
    let taken = false;
    for (const partition of sharers.free) {
      if (signal.aborted || this.#held.has(partition)) continue;
      if (!mayTake(this.#options.instance, this.#held.size, sharers)) break;
      taken = await this.#take(partition, signal) || taken;
    }
    return taken;
  }

  async #take(partition: number, signal: AbortSignal): Promise<boolean> {
    const { database, consumer, instance, leaseMs, silentMs, of } = this.#options;
    const claim = await this.#tried(
      () =>
        database.ask((sql) => claimLease(sql, { consumer, partition, of }, instance, leaseMs), {
          silentMs,
          signal,
        }),
      signal,
    );
    if (claim?.kind !== "taken") return false;
    const { lease } = claim;
    const lost = new AbortController();
    const ended = new AbortController();
    const renewing = keepRenewed(this.#options, lease, lost, ended.signal);
    this.#held.set(partition, { lease, lost, ended, renewing });
    return true;
  }

  async #give(partition: number): Promise<void> {
    const held = this.#held.get(partition);
    if (held === undefined) return;
    this.#held.delete(partition);
    held.ended.abort();
    await held.renewing;
    if (!held.lost.signal.aborted) await release(this.#options, held.lease);
  }

  /** Null when the database is unavailable: the caller retries. */
  async #tried<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
    this.#failure = null;
    try {
      return await ask();
    } catch (error) {
      if (error instanceof PartitionsChangedError) throw error;
      if (!signal.aborted) {
        const code = this.#failure = sqlStateOf(error);
        this.#options.logger.error("cannot claim the lease, retrying", { code });
      }
      return null;
    }
  }
}
