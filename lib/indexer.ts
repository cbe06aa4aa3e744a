/**
 * The indexer: client → decoder → mapper → repository. Only this file and its folder know all four and join
 * them; each of them knows only the types of the one before it.
 */

import { type Clock, systemClock } from "./client/clock.ts";
import type { OnFaultPoint } from "./indexer/fault_point.ts";
import type { Config } from "./config.ts";
import type { Context } from "./indexer/context.ts";
import { createWriter } from "./indexer/create_writer.ts";
import { DatabaseWatch } from "./indexer/database_watch.ts";
import { createDecoders, type Decoders } from "./indexer/decoders.ts";
import { LeadershipTerm, type LeadershipTermOptions } from "./indexer/leadership_term.ts";
import { runPartitions } from "./indexer/run_partitions.ts";
import { DeadLetterRetries } from "./indexer/dead_letter_retries.ts";
import type { Logger } from "./log/logger.ts";
import { createMapper, type Mapper } from "./mapper/content.ts";
import { COLLECTIONS } from "./mapper/collections/registry.ts";
import { prepare } from "./indexer/preparation.ts";
import { RecordRemapper } from "./indexer/record_remapper.ts";
import { warnOutdatedMappings } from "./indexer/outdated_mappings.ts";
import { Reconciler } from "./indexer/reconciler.ts";
import { type RecentRecord, RecentRecords } from "./indexer/recent_records.ts";
import type { Database } from "./repository/connection/database.ts";
import { silenceAfter } from "./repository/connection/watchdog.ts";
import type { Writer } from "./repository/batch/writer.ts";
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
  /** Whether to also read all repositories that a relay lists. Default: false. */
  readonly fill?: boolean;
  /** Limit for one statement before the batch is retried. Default: 30 seconds. */
  readonly statementTimeoutMs?: number;
  /** Replaces the decoders of the settings: tests remove a protection there. */
  readonly decoders?: Decoders;
}

const STATEMENT_TIMEOUT_MS = 30_000;

export class Indexer {
  readonly mapper: Mapper;
  readonly deadLetterRetries: DeadLetterRetries;
  readonly watch: DatabaseWatch;
  readonly reconciles: Reconciler;
  readonly remaps: RecordRemapper;
  readonly #options: IndexerOptions;
  readonly #context: Context;
  readonly #writer: Writer;
  readonly #recent = new RecentRecords();

  constructor(options: IndexerOptions) {
    const { config, database, logger } = options;
    const context = this.#context = contextOf(options);
    const { silentMs } = context;
    this.#options = options;
    this.mapper = createMapper(COLLECTIONS, config.jitterSecret.reveal());
    this.watch = new DatabaseWatch(context);
    const writer = this.#writer = createWriter(context, this.mapper, this.watch);
    this.deadLetterRetries = new DeadLetterRetries({
      writer,
      logger,
      ask: (question, signal) => database.ask(question, { silentMs, signal }),
    });
    this.remaps = new RecordRemapper({ database, mapper: this.mapper, writer });
    this.reconciles = new Reconciler({ ...context, writer });
  }

  /** The addresses of the newest records, newest first. */
  get recent(): readonly RecentRecord[] {
    return this.#recent.newest;
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
    const { config, telemetry, logger, faultPoint } = this.#context;
    const common = { ...this.#context, pass: faultPoint };
    if (!await prepare(common, signal)) return;
    await warnOutdatedMappings(common, signal);
    signal.addEventListener("abort", () => this.#drains(), { once: true });
    try {
      await runPartitions(
        {
          ...common,
          consumer: config.consumerName,
          partitions: config.partitions,
          instance: this.#options.instance,
          leaseMs: config.leaseMs,
          standsBy: (of) => telemetry.standsBy(of),
          cannotClaim: (code) => telemetry.cannotClaim(code),
        },
        async (held, of, until) => await new LeadershipTerm(this.#leading, held, of).run(until),
        signal,
      );
    } catch (error) {
      telemetry.pipelineFailed();
      throw error;
    }
    logger.info("stopped", { received: telemetry.facts.counts.messagesTaken });
  }

  get #leading(): LeadershipTermOptions {
    const { fill = false, committed = () => {} } = this.#options;
    return {
      context: this.#context,
      writer: this.#writer,
      deadLetterRetries: this.deadLetterRetries,
      reconciles: this.reconciles,
      recent: this.#recent,
      fill,
      committed,
    };
  }

  #drains(): void {
    this.#context.telemetry.pipelineDraining();
    this.#context.logger.info("stopping");
    void this.#context.faultPoint("draining");
  }
}

function contextOf(options: IndexerOptions): Context {
  const { statementTimeoutMs = STATEMENT_TIMEOUT_MS } = options;
  return {
    config: options.config,
    database: options.database,
    decoders: options.decoders ?? createDecoders(options.config.jetstream),
    logger: options.logger,
    telemetry: options.telemetry,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    statementTimeoutMs,
    silentMs: silenceAfter(statementTimeoutMs),
    faultPoint: options.faultPoint ?? (() => {}),
  };
}
