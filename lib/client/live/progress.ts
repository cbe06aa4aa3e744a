/** The position from which reading resumes after everything received. */

import type { Position } from "../../decoder/event.ts";
import type { Clock } from "../clock.ts";
import { AHEAD_LIMIT_US, ClockWatch } from "./clock_watch.ts";
import { LowWatermark } from "./low_watermark.ts";
import { isTimeCursor, isTimeOnly, type ResumePoint } from "./resume_point.ts";

export interface ProgressOptions {
  /** Where reading stopped before this run; null when nothing was ever read. */
  readonly stored: ResumePoint | null;
  readonly clock: Clock;
  /**
   * Called when all times of a server are ahead of our clock, by milliseconds, and when that changes by more than
   * a minute; null: no longer.
   */
  readonly clockDiffers?: (aheadMs: number | null, source: string) => void;
}

/**
 * On a quiet connection the position's time advances, but stays this far behind: the server may have stalled
 * unnoticed for less than its replay window.
 */
export const QUIET_BEHIND_US = 3_600_000_000;

/** A replay without wanted events still passes time at least this many times faster than the clock. */
const QUIET_RATE = 2;

/** While nothing arrives, the position is stored whenever it has advanced by this much. */
const STORE_EVERY_US = 60_000_000;

export class Progress {
  readonly #options: ProgressOptions;
  readonly #clocks = new ClockWatch();
  readonly #lowWater = new LowWatermark();
  #point: ResumePoint | null;
  /** The last point that `take` returned, for storing. */
  #taken: ResumePoint | null;
  #connected = false;
  #source: string | null = null;
  /** Whether something arrived since the last check, and when, by the monotonic clock. */
  #received = false;
  #lookedAt = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#point = this.#taken = options.stored;
  }

  /** Null before the first connection. */
  get point(): ResumePoint | null {
    return this.#point;
  }

  /** A connection is open, with the given cursor. For a live one, nothing may be missed from now on. */
  connected(source: string, cursor: string | null): void {
    const { clock } = this.#options;
    if (this.#point === null && cursor === null) {
      const nowUs = Math.floor(clock.now() * 1000);
      this.#point = { cursor: nowUs, timeUs: nowUs, source };
    }
    this.#connected = true;
    this.#received = true;
    this.#enter(source);
    this.#lowWater.begin(this.#point?.source === source ? this.#point : null);
  }

  disconnected(): void {
    this.#connected = false;
  }

  /** An event was received. */
  advance(position: Position, source: string): void {
    this.#received = true;
    if (source !== this.#source) this.#enter(source);
    const { clock } = this.#options;
    const nowUs = Math.floor(clock.now() * 1000);
    const { cursor, timeUs } = position;
    const isTime = isTimeCursor(cursor);
    const before = this.#clocks.aheadUs;
    const aheadUs = (isTime ? Math.max(timeUs, cursor) : timeUs) - nowUs;
    const believable = this.#clocks.isBelievable(aheadUs, clock);
    if (isOtherDifference(before, this.#clocks.aheadUs)) this.#tellClock();
    if (!believable) return;
    // Other servers are asked by its time, which must therefore not be ahead of our clock.
    const next = { ...position, timeUs: Math.min(timeUs, nowUs), source };
    if (isTime) this.#point = this.#lowWater.add(next, clock.monotonic());
    else if (this.#point === null || isFurther(next, this.#point)) this.#point = next;
  }

  /**
   * Checks whether the stream is quiet; then the position's time advances. Returns the position when it
   * should be stored although nothing arrived.
   *
   * @param held whether reading is paused by ourselves: then silence means nothing
   */
  look(held: boolean): ResumePoint | null {
    const { clock } = this.#options;
    const [since, now] = [this.#lookedAt, clock.monotonic()];
    const quiet = this.#connected && !held && !this.#received;
    this.#lookedAt = now;
    this.#received = false;
    if (quiet) this.#passQuiet((now - since) * 1000);
    const [point, taken] = [this.#point, this.#taken];
    if (point === null || point === taken) return null;
    const isFirst = taken === null;
    return isFirst || (quiet && point.timeUs - taken.timeUs >= STORE_EVERY_US) ? this.take() : null;
  }

  /** The position after everything received so far, to be stored with it. */
  take(): ResumePoint | null {
    return this.#taken = this.#point;
  }

  /** The number is no longer valid: from now on only the time counts. */
  forgetNumber(): void {
    if (this.#point === null) return;
    const { timeUs, source } = this.#point;
    this.#point = { cursor: timeUs, timeUs, source };
  }

  #passQuiet(passedUs: number): void {
    const point = this.#point;
    if (point === null) return;
    const latestUs = Math.floor(this.#options.clock.now() * 1000) - QUIET_BEHIND_US;
    const timeUs = Math.min(latestUs, Math.floor(point.timeUs + QUIET_RATE * passedUs));
    if (timeUs <= point.timeUs) return;
    this.#point = { ...point, timeUs, ...(isTimeOnly(point) ? { cursor: timeUs } : {}) };
  }

  /** Another server has another clock. */
  #enter(source: string): void {
    if (source === this.#source) return;
    this.#source = source;
    this.#lowWater.begin(null);
    if (this.#clocks.aheadUs === null) return this.#clocks.reset();
    this.#clocks.reset();
    this.#tellClock();
  }

  #tellClock(): void {
    const { aheadUs } = this.#clocks;
    const aheadMs = aheadUs === null ? null : Math.round(aheadUs / 1000);
    this.#options.clockDiffers?.(aheadMs, this.#source ?? "");
  }
}

/** Whether the clocks agree where they did not, or the reverse, or differ by much more or less. */
function isOtherDifference(beforeUs: number | null, nowUs: number | null): boolean {
  if (beforeUs === null || nowUs === null) return beforeUs !== nowUs;
  return Math.abs(nowUs - beforeUs) > AHEAD_LIMIT_US;
}

/**
 * Whether `next` is further. A lower cursor with a later time is further too: the instance restarted its
 * numbering. So is any number where there was only a time.
 */
export function isFurther(next: ResumePoint, before: ResumePoint): boolean {
  if (next.source !== before.source || isTimeCursor(before.cursor)) return true;
  return next.cursor >= before.cursor || next.timeUs > before.timeUs;
}
