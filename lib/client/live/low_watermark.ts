/**
 * The safe resume position on a server that numbers by time without keeping that order: its live events
 * overtake a replay, it processes accounts in parallel, and its clock can be set back. The last number is
 * therefore not safe; the lowest one of the last seconds is.
 */

import type { ResumePoint } from "./resume_point.ts";

/** How long an event counts, milliseconds. */
const WINDOW_MS = 30_000;

/** Events of one such span count as one. */
const SLOT_MS = 1_000;

interface Slot {
  /** The end of its span, by the monotonic clock. */
  readonly end: number;
  readonly lowest: ResumePoint;
}

export class LowWatermark {
  /** Ascending by time and by cursor: the first has the lowest cursor. */
  #slots: Slot[] = [];
  #base: ResumePoint | null = null;

  /**
   * A connection begins. Everything before `base` was received; the first event shows whether reading resumed
   * there.
   */
  begin(base: ResumePoint | null): void {
    this.#slots = [];
    this.#base = base;
  }

  /** Adds the position of an event, and returns the lowest one that counts. */
  add(point: ResumePoint, monotonicMs: number): ResumePoint {
    if (this.#base !== null) this.#push(this.#base, monotonicMs);
    this.#base = null;
    this.#push(point, monotonicMs);
    while (this.#slots.length > 1 && this.#slots[0]!.end < monotonicMs - WINDOW_MS) {
      this.#slots.shift();
    }
    return this.#slots[0]!.lowest;
  }

  #push(lowest: ResumePoint, monotonicMs: number): void {
    const end = (Math.floor(monotonicMs / SLOT_MS) + 1) * SLOT_MS;
    while (this.#slots.length > 0 && this.#slots.at(-1)!.lowest.cursor >= lowest.cursor) {
      this.#slots.pop();
    }
    // A lower position in the same span counts for the same time.
    if (this.#slots.at(-1)?.end !== end) this.#slots.push({ end, lowest });
  }
}
