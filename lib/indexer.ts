/**
 * The indexer: client → decoder → mapper → repository. Only this file knows all four and joins them; each
 * stage knows only the types of the one before it.
 */

import { type Clock, systemClock } from "./client/clock.ts";
import { Progress } from "./client/live/progress.ts";
import type { Flow } from "./client/event_queue.ts";
import type { FaultPoint, OnFaultPoint } from "./indexer/fault_point.ts";
import type { Config } from "./config.ts";
import { startWords } from "./indexer/start_message.ts";
import { DatabaseWatch } from "./indexer/database_watch.ts";
import { createDecoders, type Decoders } from "./indexer/decoders.ts";
import { type Arrival, Intake, positionOf } from "./indexer/intake.ts";
import { type Lane, type Lanes, lanesOf, oldestArrival } from "./indexer/lanes.ts";
import { workDivided } from "./indexer/divided.ts";
import { Mail } from "./indexer/mailbox_reader.ts";
import type { HeldPartitions } from "./indexer/share_holder.ts";
import { startPosition } from "./indexer/start_position.ts";
import type { Lease } from "./repository/partitions/lease.ts";
import { leastPosition } from "./repository/batch/position.ts";
import { clockObserver } from "./indexer/observers.ts";
import { LetterRetries } from "./indexer/letter_retries.ts";
import { LongBatch } from "./indexer/long_batch.ts";
import type { Logger } from "./log/logger.ts";
import { createMapper, type Mapper } from "./mapper/content.ts";
import { COLLECTIONS } from "./mapper/collections/registry.ts";
import { databaseBackoff, DrainError, runPipeline } from "./indexer/pipeline.ts";
import { prepare } from "./indexer/preparation.ts";
import { Remaps } from "./indexer/remaps.ts";
import { tellOutdatedMappings } from "./indexer/outdated_mappings.ts";
import { Reconciles } from "./indexer/reconciles.ts";
import { Reading } from "./indexer/reading.ts";
import { type RecentRecord, RecentRecords } from "./indexer/recent_records.ts";
import type { Database } from "./repository/connection/database.ts";
import { silenceAfter } from "./repository/connection/watchdog.ts";
import { Writer } from "./repository/batch/writer.ts";
import { reportCommit } from "./indexer/report_commit.ts";
import type { Backlog } from "./server/facts/facts.ts";
import type { Telemetry } from "./server/telemetry/telemetry.ts";

export interface IndexerOptions {
  readonly config: Config;
  readonly database: Database;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Id of this instance in the tables. */
  readonly instance: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Called after each commit. */
  readonly committed?: () => void;
  /** Called at each fault point: tests inject faults there. */
  readonly faultPoint?: OnFaultPoint;
  /** Whether to read all repositories that a relay lists, beside the stream. Default: false. */
  readonly fill?: boolean;
  /** Limit for one statement before the batch is retried. Default: 30 seconds. */
  readonly statementTimeoutMs?: number;
  /** Replaces the decoders of the settings: tests remove a protection there. */
  readonly decoders?: Decoders;
}

const STATEMENT_TIMEOUT_MS = 30_000;

/** Time to write the queue at shutdown; with closing, the process ends within ten seconds. */
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
  /** The batches that are being written. */
  readonly #underWay = new Map<Lane, readonly Arrival[]>();

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
      connection: (partition) => database.writing(partition),
      abandon: (sql) => database.abandon(sql),
      statementTimeoutMs: this.#statementTimeoutMs,
      backoff: databaseBackoff(clock, options.random ?? Math.random),
      session: (pid, partition) => this.watch.began(`batch ${partition}`, pid),
      failed: (sqlState, attempt, error, partition) => {
        this.watch.ended(`batch ${partition}`, false);
        telemetry.batches.failed(sqlState);
        logger.error("cannot write a batch, trying again", { code: sqlState, attempt, error });
      },
      refused: (table, sqlState) => logger.warn("a row was refused", { table, code: sqlState }),
      step: (name, { letters, share }) => {
        if (name === "beginning") longBatch.begin();
        if (name === "committed") this.watch.ended(`batch ${share?.partition ?? 0}`, true);
        return this.#pass(`${letters.length > 0 ? "retry" : "batch"}_${name}`);
      },
      judged: (records) => {
        telemetry.batches.advanced();
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
   * Runs until the signal aborts and everything read is written. Throws only what waiting can't fix: a
   * database that can't be migrated, a request that every server refuses.
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
      pass: (name: FaultPoint): void | Promise<void> => this.#pass(name),
    };
    if (!await prepare(common, signal)) return;
    await tellOutdatedMappings(common, signal);
    signal.addEventListener("abort", () => this.#drains(), { once: true });
    try {
      await workDivided(
        {
          ...common,
          consumer: config.consumerName,
          partitions: config.partitions,
          instance: this.#options.instance,
          leaseMs: config.leaseMs,
          standsBy: () => telemetry.standsBy(),
        },
        (held, of, until) => this.#lead(held, of, until),
        signal,
      );
    } catch (error) {
      telemetry.pipelineFailed();
      throw error;
    }
    logger.info("stopped", { received: telemetry.facts.counts.messagesTaken });
  }

  /** Reads and writes, until the signal aborts or a lease is lost. */
  async #lead(
    { leases, positions }: HeldPartitions,
    of: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { telemetry, logger, config } = this.#options;
    const resume = startPosition(positions, config.jetstream.startFrom);
    if (resume !== null) telemetry.stream.resumedFrom(resume);
    logger.info(...startWords(resume, this.#options.config.jetstream.startFrom));
    const progress = new Progress({
      stored: resume,
      clock: this.#clock,
      clockDiffers: clockObserver(this.#options),
    });
    const { lanes, intake } = this.#createIntake(progress, leases, of);
    using _ = lanes;
    const reading = this.#createReading(lanes, intake, progress);
    telemetry.pipelineStarted({ of, held: leases.map(({ partition }) => partition) });
    const stands = new Map(lanes.all.map((lane, index) => [lane, positions[index] ?? null]));
    const mail = new Mail({
      write: (batch, until) => this.#writer.write(batch, until),
      ask: (question, until) =>
        this.#options.database.ask(question, {
          silentMs: silenceAfter(this.#statementTimeoutMs),
          signal: until,
        }),
      logger,
      clock: this.#clock,
    });
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    const reconciling = Promise.all([
      this.reconciles.run(until),
      this.#options.fill ? this.reconciles.fill(() => progress.point !== null, until) : null,
    ]);
    try {
      await runPipeline({
        lanes,
        intake,
        follow: (until) => reading.run(until),
        write: (batch, draining) => this.#writer.write(batch, draining),
        readMail: (lane, until) => mail.readAfterBatch(lane, until),
        pollMail: (lane, until) => mail.poll(lane, until),
        retryLetters: (reading) => this.letters.retryDue(reading),
        batch: this.#options.config.batch,
        taken: (arrivals, lane) => void this.#underWay.set(lane, arrivals),
        committed: (committed, lane) => {
          this.#underWay.delete(lane);
          if (committed.cursor !== null) stands.set(lane, committed.cursor);
          // Everything is stored up to the position of the partition that is furthest behind.
          const known = [...stands.values()].filter((position) => position !== null);
          const cursor = known.length < stands.size ? null : leastPosition(known);
          reportCommit(telemetry, { ...committed, cursor });
          this.#recent.add(committed);
          this.#options.committed?.();
        },
        clock: this.#clock,
        drainMs: DRAIN_MS,
      }, signal);
    } catch (error) {
      if (!(error instanceof DrainError && signal.aborted)) throw error;
      // The database did not answer during shutdown: the unwritten events are read again after the next
      // start.
      logger.error("stopped before everything was written", { error });
    } finally {
      this.#underWay.clear();
      ended.abort();
      await reconciling;
    }
  }

  #drains(): void {
    this.#options.telemetry.pipelineDraining();
    this.#options.logger.info("stopping");
    void this.#pass("draining");
  }

  /** The addresses of the newest records, newest first. */
  get recent(): readonly RecentRecord[] {
    return this.#recent.newest;
  }

  #createIntake(
    progress: Progress,
    leases: readonly Lease[],
    of: number,
  ): { lanes: Lanes; intake: Intake } {
    const { config, logger, telemetry } = this.#options;
    const lanes = lanesOf(leases, of, {
      queue: config.queue,
      clock: this.#clock,
      observer: {
        paused: () => telemetry.stream.paused(),
        resumed: () => telemetry.stream.resumed(),
        stillPaused: (ms) => logger.error("reading is paused for long", { seconds: ms / 1000 }),
      },
    });
    const intake = new Intake({
      queue: lanes,
      decoderFor: ({ protocol }) => this.#decoders.for(protocol),
      now: () => this.#clock.monotonic(),
      progress,
    });
    telemetry.watchBacklog(() => ({
      oldest: oldestOf(
        oldestArrival([...this.#underWay.values()].map(([first]) => first)) ?? lanes.oldest,
      ),
      queued: lanes.size,
      queuedBytes: lanes.bytes,
    }));
    return { lanes, intake };
  }

  #createReading(
    queue: Flow,
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
      faultPoint: (name) => this.#pass(name),
      eventsMayBeMissing: () => this.reconciles.wantAll(),
    });
  }

  #pass(name: FaultPoint): void | Promise<void> {
    return this.#options.faultPoint?.(name);
  }
}

function oldestOf(arrival: Arrival | null): Backlog["oldest"] {
  if (arrival === null) return null;
  const { receivedAt, event } = arrival;
  return { receivedAt, timeUs: positionOf(event)?.timeUs ?? null };
}
