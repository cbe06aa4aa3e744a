/**
 * Where the pipeline reports what happens. Each method is named after an event, and updates what it affects:
 * the facts, the metrics, the history.
 */

import type { ReplayProgress } from "../../client/archive/replay_observer.ts";
import type { OpenCounts } from "../../repository/status/counts.ts";
import { type OutcomeCounts, OUTCOMES } from "../../repository/outcome.ts";
import { type Clock, systemClock } from "../facts/clock.ts";
import type { CommittedBatch } from "../facts/committed_batch.ts";
import { pausedSeconds } from "../facts/derived.ts";
import {
  type Backlog,
  type Blocked,
  type Facts,
  factsAtStart,
  type Now,
  nowOf,
  type PartitionFacts,
  type ReconcileQueueFacts,
  type Source,
  type StreamEnding,
  type StreamPosition,
} from "../facts/facts.ts";
import { type Condition, conditionOf } from "../facts/health.ts";
import { History, noOutcomes } from "../facts/history.ts";
import { Metrics } from "./metrics.ts";
import { isUnanswered } from "../../sqlstate_table.ts";

export interface TelemetryOptions {
  /** NSIDs with a label value of their own: those with a mapper. */
  readonly collections: readonly string[];
  readonly version: string;
  readonly clock?: Clock;
  /** Number of dropped log lines. */
  readonly logLinesDropped?: () => number;
}

const HOUR_IN_MINUTES = 60;

/** Rates are averages over this many seconds. */
const RATE_SECONDS = 10;

/** A time in the future is wrong, and would hide every lag from then on. */
const FUTURE_TOLERANCE_MS = 60_000;

const LONGEST_MESSAGE = 300;

/** Endings that the client chose: the next connection is not a recovery. */
const CHOSEN_ENDINGS: ReadonlySet<string> = new Set(["paused", "left", "aborted"]);

/**
 * The methods about connections and pauses have the shape of the client's observers, so that they can be
 * passed as they are.
 */
export class Telemetry {
  readonly facts: Facts;
  readonly metrics: Metrics;
  /** The last hour, by minute. */
  readonly history = new History(60_000, HOUR_IN_MINUTES);
  /** The last seconds, for rates; one bucket more than is averaged, for the current one. */
  readonly recent = new History(1_000, RATE_SECONDS + 1);
  readonly clock: Clock;
  readonly #totals = noOutcomes();
  #taken = 0;
  #recovering = false;

  constructor(options: TelemetryOptions) {
    const { collections, version, clock = systemClock, logLinesDropped = () => 0 } = options;
    this.clock = clock;
    this.facts = factsAtStart(this.now);
    this.metrics = new Metrics({
      collections,
      version,
      facts: this.facts,
      now: () => this.now,
      logLinesDropped,
    });
  }

  get now(): Now {
    return nowOf(this.clock);
  }

  /** The current inputs of health and readiness. */
  get condition(): Condition {
    return conditionOf(this.facts, this.now);
  }

  /** Messages received since the start. */
  get received(): number {
    return this.#taken;
  }

  /** Outcomes since the start. */
  get totals(): OutcomeCounts {
    return { ...this.#totals };
  }

  /** Sets where the backlog is read from. */
  watchBacklog(backlog: () => Backlog): void {
    this.facts.backlog = backlog;
  }

  pipelineStarted(partitions: PartitionFacts = { of: 1, held: [0] }): void {
    this.facts.pipeline = "running";
    this.facts.leads = true;
    this.facts.partitions = partitions;
  }

  /** Another instance leads, or is about to. */
  standsBy(): void {
    this.facts.pipeline = "standby";
    this.facts.leads = false;
    this.facts.partitions = { ...this.facts.partitions, held: [] };
  }

  pipelineDraining(): void {
    this.facts.pipeline = "draining";
  }

  /** For good: a retry is not a failure of the pipeline. */
  pipelineFailed(): void {
    this.facts.pipeline = "failed";
  }

  migrationsApplied(): void {
    this.facts.migrated = true;
    this.databaseAnswered();
  }

  /** Reading resumes from a stored position. */
  resumedFrom(position: StreamPosition): void {
    this.facts.position = position;
    this.facts.reading.newestTimeMs = position.timeUs / 1000;
  }

  connected(event: { readonly endpoint: Source }): void {
    const { connection, reading, pausedAt } = this.facts;
    const nowMs = this.clock.now();
    connection.source = event.endpoint;
    connection.sinceMs = nowMs;
    connection.failuresInARow = 0;
    if (pausedAt === null) reading.sinceMs = nowMs;
    if (this.#recovering) this.metrics.reconnected();
    this.#recovering = false;
  }

  disconnected(ending: StreamEnding): void {
    const { connection } = this.facts;
    connection.sinceMs = null;
    connection.lastEnding = { ...ending, atMs: this.clock.now() };
    this.#interruptReading();
    if (!CHOSEN_ENDINGS.has(ending.kind)) this.#recovering = true;
  }

  /** A connection brought something new. */
  streamMoved(): void {
    this.facts.connection.fault = null;
  }

  /** How far all events are ahead of our clock; null: no longer. */
  clockDiffers(aheadMs: number | null): void {
    this.facts.reading.clockAheadMs = aheadMs;
  }

  attemptFailed(event: {
    readonly source: string;
    readonly failures: number;
    readonly why: string;
    readonly retryInMs: number;
  }): void {
    const { connection } = this.facts;
    const { source, failures, why, retryInMs } = event;
    const atMs = this.clock.now();
    connection.failuresInARow = failures;
    connection.lastFailure = { source, why: briefly(why), atMs, nextMs: atMs + retryInMs };
    this.#recovering = true;
    this.metrics.attemptFailed();
  }

  replayBegan({ source }: Pick<Source, "source">): void {
    const progressAt = this.clock.monotonic();
    Object.assign(this.facts.archive, { source, progress: null, progressAt });
  }

  replayProgressed(progress: ReplayProgress): void {
    const progressAt = this.clock.monotonic();
    Object.assign(this.facts.archive, { progress, progressAt });
  }

  /** At its end, after a failure, or because of shutdown. */
  replayEnded(): void {
    Object.assign(this.facts.archive, { source: null, progress: null });
    this.archiveRequestAnswered();
  }

  archiveRequestFailed(event: { readonly failures: number; readonly why: string }): void {
    this.facts.archive.failuresInARow = event.failures;
    this.facts.archive.failure = briefly(event.why);
  }

  archiveRequestAnswered(): void {
    this.facts.archive.failuresInARow = 0;
    this.facts.archive.failure = null;
  }

  /** A notice for operators, by its code. */
  noticed(code: string): void {
    if (code === "quiet_stream" || code === "undecodable_stream") {
      this.facts.connection.fault = code;
    }
    this.metrics.noticed(code);
  }

  /** A message arrived from the stream. Called for each message: nothing is allocated here. */
  messageReceived(timeUs: number | null, bytes: number): void {
    this.#received(timeUs);
    this.metrics.received(bytes);
  }

  /** Unwanted messages arrived: reported together, because there are so many. */
  messagesSkipped(
    skipped: { readonly count: number; readonly bytes: number },
    timeUs: number | null,
  ): void {
    this.#received(timeUs);
    this.metrics.received(skipped.bytes);
  }

  /** Messages were taken from the queue. */
  messagesTaken(count: number): void {
    this.#taken += count;
    this.metrics.taken(count);
  }

  paused(): void {
    if (this.facts.pausedAt !== null) return;
    this.facts.pausedAt = this.clock.monotonic();
    this.#interruptReading();
    this.metrics.paused();
  }

  resumed(): void {
    const { facts } = this;
    if (facts.pausedAt === null) return;
    this.metrics.resumed(pausedSeconds(facts, this.now));
    facts.pausedAt = null;
    if (facts.connection.sinceMs !== null) facts.reading.sinceMs = this.clock.now();
  }

  /** A running batch made progress. */
  batchAdvanced(): void {
    this.facts.progressAt = this.now.monotonic;
  }

  committed(batch: CommittedBatch): void {
    // Before counting: the lag that this commit ends has to be observed.
    this.#look();
    const now = this.now;
    const { facts } = this;
    facts.position = batch.position ?? facts.position;
    facts.lastCommitAtMs = now.ms;
    facts.progressAt = now.monotonic;
    facts.database.refusal = null;
    this.databaseAnswered();
    this.metrics.committed(batch, now.monotonic);
    const counts = noOutcomes();
    for (const { outcome, count = 1 } of batch.events) counts[outcome] += count;
    for (const outcome of OUTCOMES) {
      if (counts[outcome] === 0) continue;
      this.#totals[outcome] += counts[outcome];
      this.history.add(now.ms, outcome, counts[outcome]);
      this.recent.add(now.ms, outcome, counts[outcome]);
    }
  }

  /**
   * A transaction failed, even if it is retried.
   *
   * @param code Postgres' SQLSTATE; null, or the code of a socket, when it did not answer
   */
  commitFailed(code: string | null): void {
    this.#look();
    this.metrics.commitFailed(code);
    const { database } = this.facts;
    if (isUnanswered(code)) return this.databaseFailed(code);
    database.refusal = { code, sinceMs: database.refusal?.sinceMs ?? this.clock.now() };
  }

  /** The database answered, with any result. */
  databaseAnswered(): void {
    this.#look();
    const { database } = this.facts;
    database.answers = true;
    database.answeredAt = this.clock.monotonic();
    database.failure = null;
  }

  /** A query sent at that time, by the monotonic clock, has no answer yet. */
  databaseSilent(askedAt: number): void {
    // A later query was answered: the database itself is not slow.
    if (this.facts.database.answeredAt < askedAt) this.databaseFailed(null);
  }

  /** The database could not be queried. */
  databaseFailed(code: string | null): void {
    this.#look();
    const { database } = this.facts;
    database.answers = false;
    database.failure = {
      code: code === "unknown" ? null : code,
      sinceMs: database.failure?.sinceMs ?? this.clock.now(),
    };
  }

  /** The database's counts. */
  databaseCounted(
    counts: Omit<OpenCounts, "notes" | "notesSeconds"> & Partial<OpenCounts>,
  ): void {
    this.databaseAnswered();
    this.facts.database.waitingRecords = counts.waitingRecords;
    this.facts.database.openDeadLetters = counts.openDeadLetters;
    this.facts.database.notes = counts.notes ?? this.facts.database.notes;
    this.facts.database.notesSeconds = counts.notesSeconds ?? this.facts.database.notesSeconds;
  }

  /** Another session holds a lock that we wait for. Null: no longer. */
  databaseBlocked(blocked: Blocked | null): void {
    const { database } = this.facts;
    database.blocked = blocked &&
      { ...blocked, sinceMs: Math.min(blocked.sinceMs, database.blocked?.sinceMs ?? Infinity) };
  }

  /** A repository was compared with its source: how many records differed, or why it failed. */
  reconciled(result: { readonly put: number; readonly deleted: number } | string): void {
    this.metrics.reconciled(result);
    if (typeof result === "string") return;
    const { reconcile } = this.facts;
    reconcile.compared++;
    reconcile.put += result.put;
    reconcile.deleted += result.deleted;
  }

  reconcilesCounted(counts: ReconcileQueueFacts): void {
    Object.assign(this.facts.reconcile, counts);
  }

  /** Alliances or memberships changed: the app has to compute trust again. */
  trustRecomputed(count = 1): void {
    this.metrics.trustRecomputed(count);
  }

  /** Called for every message: must be cheap. */
  #received(timeUs: number | null): void {
    const { reading } = this.facts;
    const nowMs = this.clock.now();
    reading.lastReceivedAtMs = nowMs;
    if (timeUs === null) return;
    reading.lastTimedAtMs = nowMs;
    const timeMs = timeUs / 1000;
    // The newest, not the last: imported records can have old times.
    if (timeMs > (reading.newestTimeMs ?? -Infinity) && timeMs <= nowMs + FUTURE_TOLERANCE_MS) {
      reading.newestTimeMs = timeMs;
    }
  }

  #interruptReading(): void {
    const { reading } = this.facts;
    if (reading.sinceMs === null) return;
    reading.sinceMs = null;
    reading.interruptedAtMs = this.clock.now();
  }

  /** For the history. Every report observes, at least some times a minute. */
  #look(): void {
    const { source, failuresInARow } = this.facts.connection;
    const { lagSeconds, connected, replay } = this.condition;
    // The first attempt is running: that is not a lost connection.
    const begins = source === null && failuresInARow === 0;
    this.history.see(this.clock.now(), {
      lagSeconds,
      connected: connected || begins || replay !== null,
      replaying: replay !== null,
    });
  }
}

/** For a page: a server can answer with a text of any length. */
function briefly(message: string): string {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
}
