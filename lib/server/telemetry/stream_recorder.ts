/** Records what happens to the live stream: connections, received messages, pauses. */

import type { Histogram } from "prom-client";
import type { Ending } from "../../client/live/stream_observer.ts";
import type { Position } from "../../decoder/event.ts";
import { pausedSeconds } from "../facts/derived.ts";
import { type Clocks, type Facts, nowOf } from "../facts/facts.ts";
import type { Source, StreamEnding } from "../facts/stream_facts.ts";
import { shortened } from "./shortened.ts";

/** A time in the future is wrong, and would hide every lag from then on. */
const FUTURE_TOLERANCE_MS = 60_000;

/** Endings that the client chose: the next connection is not a recovery. */
const CHOSEN_ENDINGS: ReadonlySet<Ending["kind"]> = new Set(["paused", "left", "aborted"]);

/** Some methods have the shape of the client's observers, so that they can be passed as they are. */
export class StreamRecorder {
  readonly #facts: Facts;
  readonly #clocks: Clocks;
  readonly #pauseDuration: Histogram;
  #recovering = false;

  constructor(facts: Facts, clocks: Clocks, pauseDuration: Histogram) {
    this.#facts = facts;
    this.#clocks = clocks;
    this.#pauseDuration = pauseDuration;
  }

  /** Reading resumes from a stored position. */
  resumedFrom(position: Position): void {
    this.#facts.position = position;
    this.#facts.reading.newestTimeMs = position.timeUs / 1000;
  }

  connected(event: { readonly endpoint: Source }): void {
    const { connection, reading, pausedAt, counts } = this.#facts;
    const nowMs = this.#clocks.now();
    connection.source = event.endpoint;
    connection.sinceMs = nowMs;
    connection.failuresInARow = 0;
    if (pausedAt === null) reading.sinceMs = nowMs;
    if (this.#recovering) counts.reconnections++;
    this.#recovering = false;
  }

  disconnected(ending: StreamEnding): void {
    const { connection } = this.#facts;
    connection.sinceMs = null;
    connection.lastEnding = { ...ending, atMs: this.#clocks.now() };
    this.#interruptReading();
    if (!CHOSEN_ENDINGS.has(ending.kind)) this.#recovering = true;
  }

  attemptFailed(event: {
    readonly source: string;
    readonly failures: number;
    readonly why: string;
    readonly retryInMs: number;
  }): void {
    const { connection, counts } = this.#facts;
    const { source, failures, why, retryInMs } = event;
    const atMs = this.#clocks.now();
    connection.failuresInARow = failures;
    connection.lastFailure = { source, why: shortened(why), atMs, nextMs: atMs + retryInMs };
    this.#recovering = true;
    counts.failedAttempts++;
  }

  /** A connection brought something new. */
  moved(): void {
    this.#facts.connection.fault = null;
  }

  /** How far all events are ahead of our clock; null: no longer. */
  clockDiffers(aheadMs: number | null): void {
    this.#facts.reading.clockAheadMs = aheadMs;
  }

  /** A message arrived. Called for each message: nothing is allocated here. */
  received(timeUs: number | null, bytes: number): void {
    const { reading, counts } = this.#facts;
    counts.receivedBytes += bytes;
    const nowMs = this.#clocks.now();
    reading.lastReceivedAtMs = nowMs;
    if (timeUs === null) return;
    reading.lastTimedAtMs = nowMs;
    const timeMs = timeUs / 1000;
    // The newest, not the last: imported records can have old times.
    if (timeMs > (reading.newestTimeMs ?? -Infinity) && timeMs <= nowMs + FUTURE_TOLERANCE_MS) {
      reading.newestTimeMs = timeMs;
    }
  }

  /** Unwanted messages arrived: reported together, because there are so many. */
  skipped(
    { bytes }: { readonly count: number; readonly bytes: number },
    timeUs: number | null,
  ): void {
    this.received(timeUs, bytes);
  }

  paused(): void {
    if (this.#facts.pausedAt !== null) return;
    this.#facts.pausedAt = this.#clocks.monotonic();
    this.#interruptReading();
    this.#facts.counts.pauses++;
  }

  resumed(): void {
    const facts = this.#facts;
    if (facts.pausedAt === null) return;
    facts.counts.resumes++;
    this.#pauseDuration.observe(pausedSeconds(facts, nowOf(this.#clocks)));
    facts.pausedAt = null;
    if (facts.connection.sinceMs !== null) facts.reading.sinceMs = this.#clocks.now();
  }

  /** Nothing is read until this instance leads again. */
  ended(): void {
    const { connection, reading } = this.#facts;
    this.resumed();
    connection.failuresInARow = 0;
    connection.fault = null;
    reading.clockAheadMs = null;
    this.#recovering = false;
  }

  #interruptReading(): void {
    const { reading } = this.#facts;
    if (reading.sinceMs === null) return;
    reading.sinceMs = null;
    reading.interruptedAtMs = this.#clocks.now();
  }
}
