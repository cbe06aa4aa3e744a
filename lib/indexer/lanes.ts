/**
 * The queues of the partitions that this instance holds. An event goes to the queue of its partition. Events
 * without a DID, such as the position of foreign commits, go to every queue, behind its events, so a
 * partition's cursor never passes one of its own events.
 */

import type { Clock } from "../client/clock.ts";
import {
  EventQueue,
  type Flow,
  type PauseObserver,
  type QueueLimits,
} from "../client/event_queue.ts";
import type { ResumePoint } from "../client/live/resume_point.ts";
import type { Lease } from "../repository/partitions/lease.ts";
import { partitionOfEvent, type Share } from "../repository/partitions/partition.ts";
import type { Arrival } from "./intake.ts";

/** One partition that this instance holds. */
export interface Lane {
  readonly lease: Lease;
  readonly share: Share;
  readonly queue: EventQueue<Arrival>;
}

export class Lanes implements Flow, Disposable {
  readonly all: readonly Lane[];
  readonly #of: number;
  readonly #byPartition: ReadonlyMap<number, Lane>;
  /** The resume position of each lane's last arrival. */
  readonly #lastResume = new Map<Lane, ResumePoint | null>();
  /** The resume position of the last arrival of any partition. */
  #newest: ResumePoint | null = null;

  constructor(all: readonly Lane[]) {
    this.all = all;
    this.#of = all[0]?.share.of ?? 1;
    this.#byPartition = new Map(all.map((lane) => [lane.share.partition, lane]));
  }

  push(arrival: Arrival, bytes: number): void {
    this.#newest = arrival.resume;
    const partition = this.#of === 1 ? 0 : partitionOfEvent(arrival.event, this.#of);
    if (partition !== null) {
      const lane = this.#byPartition.get(partition);
      // Absent when another instance holds the partition.
      if (lane !== undefined) this.#push(lane, arrival, bytes);
      return;
    }
    // Counted only once.
    for (const [index, lane] of this.all.entries()) {
      this.#push(lane, index === 0 ? arrival : { ...arrival, count: 0 }, bytes);
    }
  }

  get isBehind(): boolean {
    return this.all.some((lane) => (this.#lastResume.get(lane) ?? null) !== this.#newest);
  }

  /** The oldest waiting arrival of all queues. */
  get oldest(): Arrival | null {
    return oldestArrival(this.all.map(({ queue }) => queue.oldest));
  }

  get paused(): boolean {
    return this.all.some(({ queue }) => queue.paused);
  }

  async whenOpen(signal: AbortSignal): Promise<void> {
    while (this.paused) await Promise.all(this.all.map(({ queue }) => queue.whenOpen(signal)));
    signal.throwIfAborted();
  }

  get size(): number {
    return this.all.reduce((sum, { queue }) => sum + queue.size, 0);
  }

  get bytes(): number {
    return this.all.reduce((sum, { queue }) => sum + queue.bytes, 0);
  }

  end(): void {
    for (const { queue } of this.all) queue.end();
  }

  [Symbol.dispose](): void {
    for (const { queue } of this.all) queue[Symbol.dispose]();
  }

  #push(lane: Lane, arrival: Arrival, bytes: number): void {
    this.#lastResume.set(lane, arrival.resume);
    lane.queue.push(arrival, bytes);
  }
}

export interface LanesOptions {
  /** The item limits apply to each lane, the byte limits to all together. */
  readonly queue: QueueLimits & { readonly pauseAlertMs: number };
  readonly clock: Clock;
  /** Called when the first lane is paused, and when none is paused any more. */
  readonly observer: Required<PauseObserver>;
}

/** Lanes with empty queues. */
export function lanesOf(
  leases: readonly Lease[],
  of: number,
  { queue: { pauseAlertMs, maxBytes, ...limits }, clock, observer }: LanesOptions,
): Lanes {
  const bytesOfLane = Math.max(1, Math.floor(maxBytes / leases.length));
  const paused = new Set<Lease>();
  return new Lanes(leases.map((lease) => ({
    lease,
    share: { partition: lease.partition, of },
    queue: new EventQueue<Arrival>({
      limits: { ...limits, maxBytes: bytesOfLane },
      pauseAlertMs,
      clock,
      observer: {
        ...observer,
        paused: () => {
          if (paused.size === 0) observer.paused();
          paused.add(lease);
        },
        resumed: (ms) => {
          paused.delete(lease);
          if (paused.size === 0) observer.resumed(ms);
        },
      },
    }),
  })));
}

/** The oldest of some arrivals. */
export function oldestArrival(arrivals: readonly (Arrival | null | undefined)[]): Arrival | null {
  let oldest: Arrival | null = null;
  for (const arrival of arrivals) {
    if (arrival && (oldest === null || arrival.receivedAt < oldest.receivedAt)) oldest = arrival;
  }
  return oldest;
}
