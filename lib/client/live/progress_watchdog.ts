import type { Position } from "../../decoder/event.ts";
import type { Clock } from "../clock.ts";
import { AHEAD_LIMIT_US } from "./clock_watch.ts";
import { isTimeCursor } from "./resume_point.ts";
import { SilenceTimer } from "./silence_timer.ts";

/** A message must be complete within this time. The largest take seconds, on slow lines too. */
export const MESSAGE_MS = 5 * 60_000;

export interface ProgressLimits {
  /** How long a connection may bring no new event, milliseconds; 0: no limit. */
  readonly quietMs: number;
  readonly onQuiet: () => void;
  /** A message has begun and does not end. */
  readonly onEndless: () => void;
}

/**
 * Tells a live stream from a socket that is only open. Pings, single bytes, endless parts of a message,
 * undecodable messages and old events keep a socket open; a stream is live only when its position advances. A
 * stream of all accounts advances constantly, since the network announces accounts and handles every second.
 */
export class ProgressWatchdog implements Disposable {
  readonly #clock: Clock;
  readonly #quiet: SilenceTimer | null;
  readonly #endless: SilenceTimer;
  #movedAt: number;
  #messageSince: number | null = null;
  readonly #furthest = { cursor: -Infinity, timeUs: -Infinity };
  /** The same of events ahead of our clock: one wrong event must not make all later ones look old. */
  readonly #furthestAhead = { cursor: -Infinity, timeUs: -Infinity };

  constructor(clock: Clock, { quietMs, onQuiet, onEndless }: ProgressLimits) {
    this.#clock = clock;
    this.#movedAt = clock.monotonic();
    this.#quiet = quietMs === 0
      ? null
      : new SilenceTimer(clock, quietMs, () => this.#movedAt, onQuiet);
    this.#endless = new SilenceTimer(clock, MESSAGE_MS, () => this.#messageSince, onEndless);
  }

  /** An event arrived. It counts when it is further than all earlier ones of this connection. */
  reached({ cursor, timeUs }: Position): void {
    const latestUs = isTimeCursor(cursor) ? Math.max(cursor, timeUs) : timeUs;
    const isAhead = latestUs > this.#clock.now() * 1000 + AHEAD_LIMIT_US;
    const furthest = isAhead ? this.#furthestAhead : this.#furthest;
    if (cursor <= furthest.cursor && timeUs <= furthest.timeUs) return;
    furthest.cursor = Math.max(furthest.cursor, cursor);
    furthest.timeUs = Math.max(furthest.timeUs, timeUs);
    this.#movedAt = this.#clock.monotonic();
  }

  /** All received data was handled. `begun`: an incomplete message is left. */
  waits(begun: boolean): void {
    if (!begun) this.#messageSince = null;
    else this.#messageSince ??= this.#clock.monotonic();
  }

  /** A message is complete: an incomplete one is now another. */
  messageEnded(): void {
    this.#messageSince = null;
  }

  /** Reading was paused by ourselves: that time does not count. */
  restart(): void {
    this.#movedAt = this.#clock.monotonic();
    this.#messageSince = null;
  }

  [Symbol.dispose](): void {
    this.#quiet?.[Symbol.dispose]();
    this.#endless[Symbol.dispose]();
  }
}
