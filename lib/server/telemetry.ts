/**
 * Where the pipeline says what happens. Each method is named by what happened and knows whom it
 * concerns: the facts of the moment, the metrics, the history.
 */

import { type Outcome, type OutcomeCounts, OUTCOMES } from "../repository/outcome.ts";
import { type Clock, systemClock } from "./clock.ts";
import { History, noOutcomes } from "./history.ts";
import { Metrics } from "./metrics.ts";
import { isDatabaseAway } from "./sqlstate_class.ts";
import { type Backlog, type Source, type StreamPosition, Vitals } from "./vitals.ts";

/** Events of one batch that ended alike. */
export interface DecidedEvents {
  readonly outcome: Outcome;
  /**
   * Null for an event that has none (identity, account, sync, undecodable). Foreign ones that were
   * counted together may go by any name that is no NSID of ours.
   */
  readonly collection: string | null;
  /** Default: 1. */
  readonly count?: number;
  /** Each inserted or updated a record: applied, and not a delete. */
  readonly upsert: boolean;
  /** When they were received, by the monotonic clock. Null: not timed (foreign ones). */
  readonly receivedAt: number | null;
}

/** A transaction that took place. */
export interface CommittedBatch {
  /** Every event once; the counts add up to what was received. */
  readonly events: readonly DecidedEvents[];
  /** The reason of each dead letter that it wrote. */
  readonly deadLetterReasons: readonly string[];
  /** How long the transaction took. */
  readonly durationMs: number;
  /** The cursor that it stored. Null: unchanged. */
  readonly position: StreamPosition | null;
}

export interface TelemetryOptions {
  /** NSIDs that get a label value of their own: those that have a mapper. */
  readonly collections: readonly string[];
  readonly version: string;
  readonly clock?: Clock;
}

const HOUR_IN_MINUTES = 60;

/** Rates are means over so many seconds. */
const RATE_SECONDS = 10;

/** Endings of a connection that the client chose: the next connection is no recovery. */
const CHOSEN_ENDINGS: ReadonlySet<string> = new Set(["paused", "left", "aborted"]);

/**
 * The parts about connections and pauses have the shape of the client's observers, so that they can
 * be passed to it as they are.
 */
export class Telemetry {
  readonly vitals: Vitals;
  readonly metrics: Metrics;
  /** The last hour by minutes. */
  readonly history = new History(60_000, HOUR_IN_MINUTES);
  /** The last seconds, for rates; one bucket more than is averaged, for the one under way. */
  readonly recent = new History(1_000, RATE_SECONDS + 1);
  readonly clock: Clock;
  readonly #totals = noOutcomes();
  #received = 0;
  #recovering = false;

  constructor({ collections, version, clock = systemClock }: TelemetryOptions) {
    this.clock = clock;
    this.vitals = new Vitals(clock);
    this.metrics = new Metrics({ collections, version, vitals: this.vitals });
  }

  /** Messages taken in since the start. */
  get received(): number {
    return this.#received;
  }

  /** Outcomes since the start. */
  get totals(): OutcomeCounts {
    return { ...this.#totals };
  }

  /** Tells where to read the backlog from. */
  watchBacklog(backlog: () => Backlog): void {
    this.vitals.backlog = backlog;
  }

  pipelineStarted(): void {
    this.vitals.pipeline = "running";
  }

  pipelineDraining(): void {
    this.vitals.pipeline = "draining";
  }

  /** For good: what is retried is no failure of the pipeline. */
  pipelineFailed(): void {
    this.vitals.pipeline = "failed";
  }

  migrationsApplied(): void {
    this.vitals.migrated = true;
    this.vitals.databaseUp = true;
  }

  /** Reading goes on from a stored position. */
  resumedFrom(position: StreamPosition): void {
    this.vitals.resumeFrom(position);
  }

  connected(event: { readonly endpoint: Source }): void {
    this.vitals.connect(event.endpoint);
    if (this.#recovering) this.metrics.reconnected();
    this.#recovering = false;
  }

  disconnected(event: { readonly ending: { readonly kind: string } }): void {
    this.vitals.disconnect();
    if (!CHOSEN_ENDINGS.has(event.ending.kind)) this.#recovering = true;
  }

  attemptFailed(event: { readonly failures: number }): void {
    this.vitals.failuresInARow = event.failures;
    this.#recovering = true;
    this.metrics.attemptFailed();
  }

  /** Something that an operator should know of, by its code. */
  noticed(code: string): void {
    this.metrics.noticed(code);
  }

  /** A message came from the stream. Called for each: nothing is allocated here. */
  messageReceived(timeUs: number | null, bytes: number): void {
    this.vitals.receive(timeUs);
    this.metrics.received(bytes);
  }

  /** Messages came of which nothing is wanted: told together, because there are so many. */
  messagesSkipped(
    skipped: { readonly count: number; readonly bytes: number },
    timeUs: number | null,
  ): void {
    this.vitals.receive(timeUs);
    this.metrics.received(skipped.bytes);
  }

  /** Messages were taken from the queue. */
  messagesTaken(count: number): void {
    this.#received += count;
    this.metrics.taken(count);
  }

  paused(): void {
    if (this.vitals.pause()) this.metrics.paused();
  }

  resumed(): void {
    const seconds = this.vitals.resume();
    if (seconds !== null) this.metrics.resumed(seconds);
  }

  committed(batch: CommittedBatch): void {
    // Before it counts: the lag that it ends is the one to be seen.
    this.#look();
    this.vitals.commit(batch.position);
    this.metrics.committed(batch, this.clock.monotonic());
    const counts = noOutcomes();
    for (const { outcome, count = 1 } of batch.events) counts[outcome] += count;
    const nowMs = this.clock.now();
    for (const outcome of OUTCOMES) {
      if (counts[outcome] === 0) continue;
      this.#totals[outcome] += counts[outcome];
      this.history.add(nowMs, outcome, counts[outcome]);
      this.recent.add(nowMs, outcome, counts[outcome]);
    }
  }

  /**
   * A transaction failed, also when it is tried again.
   *
   * @param code Postgres' SQLSTATE; null, or the code of a socket, when it did not answer
   */
  commitFailed(code: string | null): void {
    this.#look();
    this.metrics.commitFailed(code);
    if (isDatabaseAway(code)) this.vitals.databaseUp = false;
  }

  /** The database answered a question about itself, or it didn't. */
  databaseSeen(answer: { waitingRecords: number; openDeadLetters: number } | null): void {
    this.#look();
    this.vitals.databaseUp = answer !== null;
    if (answer === null) return;
    this.vitals.waitingRecords = answer.waitingRecords;
    this.vitals.openDeadLetters = answer.openDeadLetters;
  }

  /** Alliances or memberships changed: the app has to compute trust anew. */
  trustRecomputed(count = 1): void {
    this.metrics.trustRecomputed(count);
  }

  /** For the history. Whoever reports something makes it look, at least some times a minute. */
  #look(): void {
    const { lagSeconds, connected } = this.vitals.health;
    // The first attempt is under way: that is no loss of a connection.
    const begins = this.vitals.source === null && this.vitals.failuresInARow === 0;
    this.history.see(this.clock.now(), { lagSeconds, connected: connected || begins });
  }
}
