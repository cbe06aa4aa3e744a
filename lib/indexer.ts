/**
 * The indexer: client → decoder → mapper → repository. This file alone knows all four, and joins
 * them; each of them knows only the types of the one before it.
 */

import { type Clock, systemClock } from "./client/clock.ts";
import { Progress } from "./client/progress.ts";
import { EventQueue } from "./client/queue.ts";
import type { Checkpoint, OnCheckpoint } from "./indexer/checkpoint.ts";
import type { Config } from "./config.ts";
import { startWords } from "./indexer/start_words.ts";
import { DatabaseWatch } from "./indexer/database_watch.ts";
import { createDecoders, type Decoders } from "./indexer/decoders.ts";
import { type Arrival, Intake, positionOf } from "./indexer/intake.ts";
import { leadWhenLeased, type Tenure } from "./indexer/leadership.ts";
import { clockObserver } from "./indexer/observers.ts";
import { LetterRetries } from "./indexer/letter_retries.ts";
import { LongBatch } from "./indexer/long_batch.ts";
import type { Logger } from "./log/logger.ts";
import { createMapper, type Mapper } from "./mapper/content.ts";
import { COLLECTIONS } from "./mapper/registry.ts";
import { databaseBackoff, DrainError, runPipeline } from "./indexer/pipeline.ts";
import { prepare } from "./indexer/preparation.ts";
import { Remaps } from "./indexer/remaps.ts";
import { tellOutdatedMappings } from "./indexer/outdated_mappings.ts";
import { Reconciles } from "./indexer/reconciles.ts";
import { Reading } from "./indexer/reading.ts";
import { type RecentRecord, RecentRecords } from "./indexer/recent.ts";
import type { Database } from "./repository/database.ts";
import { silenceAfter } from "./repository/guard.ts";
import { PARTITION } from "./repository/lease.ts";
import { Writer } from "./repository/writer.ts";
import { reportCommit } from "./indexer/report.ts";
import type { Backlog } from "./server/facts.ts";
import type { Telemetry } from "./server/telemetry.ts";

export interface IndexerOptions {
  readonly config: Config;
  readonly database: Database;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Names this instance in the tables. */
  readonly instance: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Told after each commit. */
  readonly committed?: () => void;
  /** Told where the run is: tests inject faults there. */
  readonly checkpoint?: OnCheckpoint;
  /** Whether all repositories that a relay lists are read, beside the stream. Default: false. */
  readonly fill?: boolean;
  /** How long a statement may take before the batch is tried again. Default: 30 seconds. */
  readonly statementTimeoutMs?: number;
  /** Other decoders than those of the settings: tests take a defence out there. */
  readonly decoders?: Decoders;
}

const STATEMENT_TIMEOUT_MS = 30_000;

/** What is queued at the stop has this long; with closing, the process ends within ten seconds. */
const DRAIN_MS = 7_000;

export class Indexer {
  readonly mapper: Mapper;
  readonly letters: LetterRetries;
  readonly watch: DatabaseWatch;
  readonly reconciles: Reconciles;
  readonly remaps: Remaps;
  readonly #options: IndexerOptions;
  readonly #clock: Clock;
  readonly #writer: Writer;
  readonly #decoders: Decoders;
  readonly #statementTimeoutMs: number;
  readonly #recent = new RecentRecords();
  /** The batch that is being written. */
  #underWay: readonly Arrival[] = [];

  constructor(options: IndexerOptions) {
    const { config, database, logger, telemetry, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
    this.#decoders = options.decoders ?? createDecoders(config.jetstream);
    this.mapper = createMapper(COLLECTIONS, config.jitterSecret.reveal());
    const longBatch = new LongBatch(clock, logger);
    this.#writer = new Writer({
      mapper: this.mapper,
      consumer: config.consumerName,
      connection: () => database.writing,
      abandon: (sql) => database.abandon(sql),
      statementTimeoutMs: this.#statementTimeoutMs,
      backoff: databaseBackoff(clock, options.random ?? Math.random),
      session: (pid) => this.watch.began("batch", pid),
      failed: (sqlState, attempt, error) => {
        this.watch.ended("batch", false);
        telemetry.commitFailed(sqlState);
        logger.error("cannot write a batch, trying again", { code: sqlState, attempt, error });
      },
      refused: (table, sqlState) => logger.warn("a row was refused", { table, code: sqlState }),
      step: (name, { letters }) => {
        if (name === "beginning") longBatch.begin();
        if (name === "committed") this.watch.ended("batch", true);
        return this.#pass(`${letters.length > 0 ? "retry" : "batch"}_${name}`);
      },
      judged: (records) => {
        telemetry.batchAdvanced();
        longBatch.judged(records);
      },
    });
    const silentMs = silenceAfter(this.#statementTimeoutMs);
    this.watch = new DatabaseWatch({ database, telemetry, logger, clock, silentMs });
    this.letters = new LetterRetries({
      writer: this.#writer,
      logger,
      ask: (question, signal) => database.ask(question, { silentMs, signal }),
    });
    this.remaps = new Remaps({ database, mapper: this.mapper, writer: this.#writer });
    this.reconciles = new Reconciles({
      config,
      database,
      decoders: this.#decoders,
      writer: this.#writer,
      logger,
      telemetry,
      clock,
      silentMs,
    });
  }

  /**
   * Runs until the signal aborts and what was read is written. Throws what can't be mended by
   * waiting: a database that can't be migrated, a request that every server refuses.
   */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const watching = this.watch.run(AbortSignal.any([signal, ended.signal]));
    try {
      await this.#run(signal);
    } finally {
      ended.abort();
      await watching;
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { config, telemetry, logger } = this.#options;
    const common = {
      database: this.#options.database,
      logger,
      telemetry,
      clock: this.#clock,
      random: this.#options.random ?? Math.random,
      silentMs: silenceAfter(this.#statementTimeoutMs),
      pass: (name: Checkpoint): void | Promise<void> => this.#pass(name),
    };
    if (!await prepare(common, signal)) return;
    await tellOutdatedMappings(common, signal);
    signal.addEventListener("abort", () => this.#drains(), { once: true });
    try {
      await leadWhenLeased(
        {
          ...common,
          leased: { consumer: config.consumerName, partition: PARTITION },
          instance: this.#options.instance,
          leaseMs: config.leaseMs,
          standsBy: () => telemetry.standsBy(),
        },
        (tenure, until) => this.#lead(tenure, until),
        signal,
      );
    } catch (error) {
      telemetry.pipelineFailed();
      throw error;
    }
    logger.info("stopped", { received: telemetry.received });
  }

  /** Reads and writes, until the signal aborts or the lease is lost. */
  async #lead({ lease, resume }: Tenure, signal: AbortSignal): Promise<void> {
    const { telemetry, logger } = this.#options;
    if (resume !== null) telemetry.resumedFrom(resume);
    logger.info(...startWords(resume, this.#options.config.jetstream.startFrom));
    const progress = new Progress({
      stored: resume,
      clock: this.#clock,
      clockDiffers: clockObserver(this.#options),
    });
    const { queue, intake } = this.#createIntake(progress);
    using _ = queue;
    const reading = this.#createReading(queue, intake, progress);
    telemetry.pipelineStarted();
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    const reconciling = Promise.all([
      this.reconciles.run(until),
      this.#options.fill ? this.reconciles.fill(() => progress.point !== null, until) : null,
    ]);
    try {
      await runPipeline({
        lease,
        queue,
        intake,
        follow: (until) => reading.run(until),
        write: (batch, draining) => this.#writer.write(batch, draining),
        retryLetters: (reading) => this.letters.retryDue(reading),
        batch: this.#options.config.batch,
        taken: (arrivals) => this.#underWay = arrivals,
        committed: (committed) => {
          this.#underWay = [];
          reportCommit(telemetry, committed);
          this.#recent.add(committed);
          this.#options.committed?.();
        },
        clock: this.#clock,
        drainMs: DRAIN_MS,
      }, signal);
    } catch (error) {
      if (!(error instanceof DrainError && signal.aborted)) throw error;
      // It was asked to stop, and the database doesn't let it: what is left comes again.
      logger.error("stopped before everything was written", { error });
    } finally {
      this.#underWay = [];
      ended.abort();
      await reconciling;
    }
  }

  #drains(): void {
    this.#options.telemetry.pipelineDraining();
    this.#options.logger.info("stopping");
    void this.#pass("draining");
  }

  /** Where the newest records are, newest first. */
  get recent(): readonly RecentRecord[] {
    return this.#recent.newest;
  }

  #createIntake(progress: Progress): { queue: EventQueue<Arrival>; intake: Intake } {
    const { config, logger, telemetry } = this.#options;
    const { pauseAlertMs, ...limits } = config.queue;
    const queue = new EventQueue<Arrival>({
      limits,
      pauseAlertMs,
      clock: this.#clock,
      observer: {
        paused: () => telemetry.paused(),
        resumed: () => telemetry.resumed(),
        stillPaused: (ms) => logger.error("reading is paused for long", { seconds: ms / 1000 }),
      },
    });
    const intake = new Intake({
      queue,
      decoderFor: ({ protocol }) => this.#decoders.for(protocol),
      now: () => this.#clock.monotonic(),
      progress,
    });
    telemetry.watchBacklog(() => ({
      oldest: oldestOf(this.#underWay[0] ?? queue.oldest),
      queued: queue.size,
      queuedBytes: queue.bytes,
    }));
    return { queue, intake };
  }

  #createReading(
    queue: EventQueue<Arrival>,
    intake: Intake,
    position: Progress,
  ): Reading {
    const { config, logger, telemetry, random = Math.random } = this.#options;
    return new Reading({
      config,
      decoders: this.#decoders,
      queue,
      intake,
      position,
      logger,
      telemetry,
      clock: this.#clock,
      random,
      checkpoint: (name) => this.#pass(name),
      eventsMayBeMissing: () => this.reconciles.wantAll(),
    });
  }

  #pass(name: Checkpoint): void | Promise<void> {
    return this.#options.checkpoint?.(name);
  }
}

function oldestOf(arrival: Arrival | null): Backlog["oldest"] {
  if (arrival === null) return null;
  const { receivedAt, event } = arrival;
  return { receivedAt, timeUs: positionOf(event)?.timeUs ?? null };
}
