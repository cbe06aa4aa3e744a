/**
 * The queues of the partitions that this instance holds. An event goes to the queue of its partition. Events
 * without a DID, such as the position of foreign commits, go to every queue, behind its events, so a
 * partition's cursor never passes one of its own events.
 */

import type { Clock } from "../client/clock.ts";
import { EventQueue, type QueueLimits } from "../client/event_queue.ts";
import type { Flow, PauseObserver } from "../client/pause.ts";
import type { ResumePoint } from "../client/live/resume_point.ts";
import type { Lease } from "../repository/partitions/lease.ts";
import { partitionOfEvent, type Share } from "../repository/partitions/partition.ts";
import type { Arrival } from "./intake.ts";

/** The queue of one partition that this instance holds, with its lease. */
export interface PartitionQueue {
  readonly lease: Lease;
  readonly share: Share;
  readonly events: EventQueue<Arrival>;
}

export class PartitionQueues implements Flow, Disposable {
  readonly all: readonly PartitionQueue[];
  readonly #of: number;
  readonly #byPartition: ReadonlyMap<number, PartitionQueue>;
  /** The resume position of the last arrival in each queue. */
  readonly #lastResume = new Map<PartitionQueue, ResumePoint | null>();
  /** The resume position of the last arrival of any partition. */
  #newest: ResumePoint | null = null;
  /** The batches that are being written. */
  readonly #underWay = new Map<PartitionQueue, readonly Arrival[]>();

  constructor(all: readonly PartitionQueue[]) {
    this.all = all;
    this.#of = all[0]?.share.of ?? 1;
    this.#byPartition = new Map(all.map((queue) => [queue.share.partition, queue]));
  }

  push(arrival: Arrival, bytes: number): void {
    this.#newest = arrival.resume;
    const partition = this.#of === 1 ? 0 : partitionOfEvent(arrival.event, this.#of);
    if (partition !== null) {
      const queue = this.#byPartition.get(partition);
      // Absent when another instance holds the partition.
      if (queue !== undefined) this.#push(queue, arrival, bytes);
      return;
    }
    // Counted only once.
    for (const [index, queue] of this.all.entries()) {
      this.#push(queue, index === 0 ? arrival : { ...arrival, count: 0 }, bytes);
    }
  }

  get isBehind(): boolean {
    return this.all.some((queue) => (this.#lastResume.get(queue) ?? null) !== this.#newest);
  }

  /** A batch was taken from a queue and is being written. */
  taken(queue: PartitionQueue, arrivals: readonly Arrival[]): void {
    this.#underWay.set(queue, arrivals);
  }

  /** The batch of a queue is durable. */
  written(queue: PartitionQueue): void {
    this.#underWay.delete(queue);
  }

  /** The oldest arrival that is not written. */
  get oldest(): Arrival | null {
    return oldestArrival([
      ...[...this.#underWay.values()].map(([first]) => first),
      ...this.all.map(({ events }) => events.oldest),
    ]);
  }

  /** The number of events that are not written, foreign ones included. */
  get unwritten(): number {
    return [...this.#underWay.values(), ...this.all.map(({ events }) => events.items)]
      .flat().reduce((sum, { count }) => sum + count, 0);
  }

  get paused(): boolean {
    return this.all.some(({ events }) => events.paused);
  }

  async whenOpen(signal: AbortSignal): Promise<void> {
    while (this.paused) await Promise.all(this.all.map(({ events }) => events.whenOpen(signal)));
    signal.throwIfAborted();
  }

  get size(): number {
    return this.all.reduce((sum, { events }) => sum + events.size, 0);
  }

  get bytes(): number {
    return this.all.reduce((sum, { events }) => sum + events.bytes, 0);
  }

  end(): void {
    for (const { events } of this.all) events.end();
  }

  [Symbol.dispose](): void {
    for (const { events } of this.all) events[Symbol.dispose]();
  }

  #push(queue: PartitionQueue, arrival: Arrival, bytes: number): void {
    this.#lastResume.set(queue, arrival.resume);
    queue.events.push(arrival, bytes);
  }
}

export interface PartitionQueuesOptions {
  /** The limit of items applies to each queue, the limit of bytes to all together. */
  readonly queue: QueueLimits & { readonly pauseAlertMs: number };
  readonly clock: Clock;
  /** Called when the first queue is paused, and when no queue is paused any more. */
  readonly observer: Required<PauseObserver>;
}

/** Creates empty queues for the partitions of some leases. */
export function createPartitionQueues(
  leases: readonly Lease[],
  of: number,
  { queue: { pauseAlertMs, maxBytes, ...limits }, clock, observer }: PartitionQueuesOptions,
): PartitionQueues {
  const bytesOfQueue = Math.max(1, Math.floor(maxBytes / leases.length));
  const paused = new Set<Lease>();
  return new PartitionQueues(leases.map((lease) => ({
    lease,
    share: { partition: lease.partition, of },
    events: new EventQueue<Arrival>({
      limits: { ...limits, maxBytes: bytesOfQueue },
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
function oldestArrival(arrivals: readonly (Arrival | null | undefined)[]): Arrival | null {
  let oldest: Arrival | null = null;
  for (const arrival of arrivals) {
    if (arrival && (oldest === null || arrival.receivedAt < oldest.receivedAt)) oldest = arrival;
  }
  return oldest;
}
