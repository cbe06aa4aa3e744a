import type { Position } from "../../decoder/event.ts";
import type { Clock } from "../clock.ts";
import { SilenceTimer } from "./silence_timer.ts";

/** A message that has begun must end within this time. The largest take seconds, on slow lines too. */
export const MESSAGE_MS = 5 * 60_000;

export interface ProgressLimits {
  /** A connection without a new event for so long is quiet, milliseconds; 0: it may be. */
  readonly quietMs: number;
  readonly onQuiet: () => void;
  /** A message has begun and does not end. */
  readonly onEndless: () => void;
}

/**
 * Tells a stream that brings events from a socket that merely lives. Pings, single bytes, parts of a
 * message without end, messages that nobody can decode, and events that were there before keep a socket
 * alive; a stream is alive when its position moves. On a stream of all accounts it does all the time,
 * since the network announces accounts and handles every second.
 */
export class ProgressWatchdog implements Disposable {
  readonly #clock: Clock;
  readonly #quiet: SilenceTimer | null;
  readonly #endless: SilenceTimer;
  #movedAt: number;
  #messageSince: number | null = null;
  #cursor = -Infinity;
  #timeUs = -Infinity;

  constructor(clock: Clock, { quietMs, onQuiet, onEndless }: ProgressLimits) {
    this.#clock = clock;
    this.#movedAt = clock.monotonic();
    this.#quiet = quietMs === 0
      ? null
      : new SilenceTimer(clock, quietMs, () => this.#movedAt, onQuiet);
    this.#endless = new SilenceTimer(clock, MESSAGE_MS, () => this.#messageSince, onEndless);
  }

  /** An event came. It counts when it is further than all before, on this connection. */
  reached({ cursor, timeUs }: Position): void {
    if (cursor <= this.#cursor && timeUs <= this.#timeUs) return;
    this.#cursor = Math.max(this.#cursor, cursor);
    this.#timeUs = Math.max(this.#timeUs, timeUs);
    this.#movedAt = this.#clock.monotonic();
  }

  /** All that had come was taken. `begun`: a message of which not all has come is left. */
  waits(begun: boolean): void {
    if (!begun) this.#messageSince = null;
    else this.#messageSince ??= this.#clock.monotonic();
  }

  /** A message came to its end: what is unfinished now is another one. */
  messageEnded(): void {
    this.#messageSince = null;
  }

  /** Reading was held up by ourselves: that time does not count. */
  restart(): void {
    this.#movedAt = this.#clock.monotonic();
    this.#messageSince = null;
  }

  [Symbol.dispose](): void {
    this.#quiet?.[Symbol.dispose]();
    this.#endless[Symbol.dispose]();
  }
}
