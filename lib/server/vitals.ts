/**
 * What the process knows of itself right now. Written by `Telemetry` as things happen, read by
 * health, metrics and status: all three speak of the same facts.
 */

import type { Clock } from "./clock.ts";
import { readingLagMs } from "./lag.ts";
import type { HealthFacts, PipelineState } from "./health.ts";
import { ReplayVitals } from "./replay_vitals.ts";

/** What was received and is not committed. */
export interface Backlog {
  /** Messages in the queue. */
  readonly queued: number;
  readonly queuedBytes: number;
  /**
   * When the oldest uncommitted message was received, by the monotonic clock; those in a batch that
   * is under way count too. Null when nothing waits.
   */
  readonly oldestReceivedAt: number | null;
}

/** A position in the stream, as the decoder gives it. */
export interface StreamPosition {
  readonly cursor: number;
  /** Unix microseconds. */
  readonly timeUs: number;
}

/** Where events come from: a name without credentials, and what is spoken there. */
export interface Source {
  readonly source: string;
  readonly protocol: string;
}

/** A time in the future is wrong, and would hide every lag from then on. */
const FUTURE_TOLERANCE_MS = 60_000;

export class Vitals {
  readonly startedAtMs: number;
  pipeline: PipelineState = "starting";
  migrated = false;
  databaseUp = false;
  /** The present source, or the last one. */
  source: Source | null = null;
  /** By the wall clock; null while there is no connection. */
  connectedAtMs: number | null = null;
  failuresInARow = 0;
  /** The newest committed position; at the start, the one that was stored. */
  position: StreamPosition | null = null;
  lastCommitAtMs: number | null = null;
  lastReceivedAtMs: number | null = null;
  waitingRecords = 0;
  openDeadLetters = 0;
  readonly replay = new ReplayVitals();
  backlog: () => Backlog = () => ({ queued: 0, queuedBytes: 0, oldestReceivedAt: null });

  readonly #clock: Clock;
  readonly #startedAt: number;
  #newestTimeMs: number | null = null;
  #lastTimedAtMs: number | null = null;
  #readingSinceMs: number | null = null;
  #interruptedAtMs: number;
  #pausedAt: number | null = null;
  #progressAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAtMs = this.#interruptedAtMs = clock.now();
    this.#startedAt = this.#progressAt = clock.monotonic();
  }

  get connected(): boolean {
    return this.connectedAtMs !== null;
  }

  get paused(): boolean {
    return this.#pausedAt !== null;
  }

  /** How long the present pause has lasted; 0 when there is none. */
  get pausedSeconds(): number {
    return this.#pausedAt === null ? 0 : (this.#clock.monotonic() - this.#pausedAt) / 1000;
  }

  get uptimeSeconds(): number {
    return (this.#clock.monotonic() - this.#startedAt) / 1000;
  }

  /** How long the oldest uncommitted message has waited; 0 when none waits. */
  get oldestWaitingSeconds(): number {
    const { oldestReceivedAt } = this.backlog();
    if (oldestReceivedAt === null) return 0;
    return Math.max(0, this.#clock.monotonic() - oldestReceivedAt) / 1000;
  }

  /** Age of the committed position; without one, of the process: both grow in a stall. */
  get cursorAgeSeconds(): number {
    const since = this.position === null ? this.startedAtMs : this.position.timeUs / 1000;
    return Math.max(0, this.#clock.now() - since) / 1000;
  }

  /** How far what is committed is behind the stream: reading's lag, and the wait of what was read. */
  get lagSeconds(): number {
    return this.oldestWaitingSeconds + readingLagMs({
          nowMs: this.#clock.now(),
          readingSinceMs: this.#readingSinceMs,
          interruptedAtMs: this.#interruptedAtMs,
          lastTimedAtMs: this.#lastTimedAtMs,
          newestTimeMs: this.#newestTimeMs,
        }) / 1000;
  }

  get health(): HealthFacts {
    return {
      pipeline: this.pipeline,
      oldestWaitingSeconds: this.oldestWaitingSeconds,
      sinceProgressSeconds: (this.#clock.monotonic() - this.#progressAt) / 1000,
      // A pause may close the socket on purpose.
      connected: this.connected || this.paused,
      migrated: this.migrated,
      databaseUp: this.databaseUp,
      lagSeconds: this.lagSeconds,
    };
  }

  /** Reading goes on from a stored position. */
  resumeFrom(position: StreamPosition): void {
    this.position = position;
    this.#newestTimeMs = position.timeUs / 1000;
  }

  connect(source: Source): void {
    this.source = source;
    this.connectedAtMs = this.#clock.now();
    this.failuresInARow = 0;
    if (!this.paused) this.#readingSinceMs = this.connectedAtMs;
  }

  disconnect(): void {
    this.connectedAtMs = null;
    this.#interrupt();
  }

  /** Called for every message: keep it cheap. */
  receive(timeUs: number | null): void {
    const nowMs = this.#clock.now();
    this.lastReceivedAtMs = nowMs;
    if (timeUs === null) return;
    this.#lastTimedAtMs = nowMs;
    const timeMs = timeUs / 1000;
    // The newest, not the last: imported records bear times that are years old.
    if (timeMs > (this.#newestTimeMs ?? -Infinity) && timeMs <= nowMs + FUTURE_TOLERANCE_MS) {
      this.#newestTimeMs = timeMs;
    }
  }

  /** Returns false when it was paused already. */
  pause(): boolean {
    if (this.#pausedAt !== null) return false;
    this.#pausedAt = this.#clock.monotonic();
    this.#interrupt();
    return true;
  }

  /** Returns how long the pause was, in seconds; null when there was none. */
  resume(): number | null {
    if (this.#pausedAt === null) return null;
    const seconds = this.pausedSeconds;
    this.#pausedAt = null;
    if (this.connected) this.#readingSinceMs = this.#clock.now();
    return seconds;
  }

  commit(position: StreamPosition | null): void {
    this.position = position ?? this.position;
    this.lastCommitAtMs = this.#clock.now();
    this.#progressAt = this.#clock.monotonic();
    this.databaseUp = true;
  }

  #interrupt(): void {
    if (this.#readingSinceMs === null) return;
    this.#readingSinceMs = null;
    this.#interruptedAtMs = this.#clock.now();
  }
}
