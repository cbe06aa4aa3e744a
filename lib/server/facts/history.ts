/** Outcomes and lag over time: a ring of buckets of equal length, of constant size. */

import { type Outcome, type OutcomeCounts, OUTCOMES } from "../../repository/outcome.ts";
import { noOutcomes } from "./counts.ts";

/** The state of reading at one moment. */
export interface Observation {
  readonly lagSeconds: number;
  /** A pause that closed the connection on purpose counts as connected. */
  readonly connected: boolean;
  /** Whether the archive was replayed: the age of its events is not lag. */
  readonly replaying: boolean;
}

/** What was committed and observed in one bucket's time. */
export interface Bucket {
  /** Unix milliseconds. */
  readonly startMs: number;
  readonly counts: OutcomeCounts;
  /** The longest observed lag, and whether it was always connected. Null: not observed. */
  readonly seen: Observation | null;
}

interface Slot {
  /** Number of the bucket since 1970 in this slot; -1: none yet. */
  index: number;
  counts: Record<Outcome, number>;
  seen: Observation | null;
}

export class History {
  readonly bucketMs: number;
  readonly #slots: Slot[];

  /** Keeps `length` buckets of `bucketMs` milliseconds, including the current one. */
  constructor(bucketMs: number, length: number) {
    this.bucketMs = bucketMs;
    this.#slots = Array.from({ length }, () => ({
      index: -1,
      counts: noOutcomes(),
      seen: null,
    }));
  }

  /** Counts events that are committed now. */
  add(nowMs: number, outcome: Outcome, count: number): void {
    const slot = this.#slotOf(nowMs);
    if (slot !== undefined) slot.counts[outcome] += count;
  }

  /** Keeps the worst observation. */
  see(nowMs: number, { lagSeconds, connected, replaying }: Observation): void {
    const slot = this.#slotOf(nowMs);
    if (slot === undefined) return;
    const { seen } = slot;
    slot.seen = {
      lagSeconds: Math.max(lagSeconds, seen?.lagSeconds ?? 0),
      connected: connected && (seen?.connected ?? true),
      replaying: replaying || (seen?.replaying ?? false),
    };
  }

  #slotOf(nowMs: number): Slot | undefined {
    const index = Math.floor(nowMs / this.bucketMs);
    const slot = this.#slots[index % this.#slots.length];
    // Also when the slot holds a later bucket: the clock was set back.
    if (slot !== undefined && index !== slot.index) {
      slot.index = index;
      slot.counts = noOutcomes();
      slot.seen = null;
    }
    return slot;
  }

  /** All buckets up to a time, oldest first, empty ones too. */
  buckets(nowMs: number): readonly Bucket[] {
    const newest = Math.floor(nowMs / this.bucketMs);
    return this.#slots.map((_, position) => {
      const index = newest - this.#slots.length + 1 + position;
      const slot = this.#slots[index % this.#slots.length];
      const startMs = index * this.bucketMs;
      if (slot?.index !== index) return { startMs, counts: noOutcomes(), seen: null };
      return { startMs, counts: { ...slot.counts }, seen: slot.seen };
    });
  }

  /** Events per second over the complete buckets before a time, by outcome. */
  rates(nowMs: number): OutcomeCounts {
    const complete = this.buckets(nowMs).slice(0, -1);
    const seconds = complete.length * this.bucketMs / 1000;
    const rates = noOutcomes();
    for (const outcome of OUTCOMES) {
      const total = complete.reduce((sum, { counts }) => sum + counts[outcome], 0);
      rates[outcome] = total / seconds;
    }
    return rates;
  }
}
