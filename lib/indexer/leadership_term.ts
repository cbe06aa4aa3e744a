/** One term of leadership: reads the stream and writes batches, until shutdown or the loss of a lease. */

import { Progress } from "../client/live/progress.ts";
import { leastPosition } from "../repository/batch/position.ts";
import type { Writer } from "../repository/batch/writer.ts";
import type { CursorUpdate } from "../repository/fold/batch.ts";
import type { Backlog } from "../server/facts/facts.ts";
import type { Context } from "./context.ts";
import { type Arrival, Intake, positionOf } from "./intake.ts";
import {
  createPartitionQueues,
  type PartitionQueue,
  type PartitionQueues,
} from "./partition_queues.ts";
import type { DeadLetterRetries } from "./dead_letter_retries.ts";
import { MailboxReader } from "./mailbox_reader.ts";
import { clockObserver } from "./observers.ts";
import { type Committed, DrainError, runPipeline } from "./pipeline.ts";
import { StreamInput } from "./stream_input.ts";
import type { RecentRecords } from "./recent_records.ts";
import type { Reconciler } from "./reconciler.ts";
import { reportCommit } from "./report_commit.ts";
import type { HeldPartitions } from "./partition_leases.ts";
import { startMessage } from "./start_message.ts";
import { startPosition } from "./start_position.ts";

/** Time to write the queue at shutdown; with closing, the process ends within ten seconds. */
const DRAIN_MS = 7_000;

export interface LeadershipTermOptions {
  readonly context: Context;
  readonly writer: Writer;
  readonly deadLetterRetries: DeadLetterRetries;
  readonly reconciles: Reconciler;
  readonly recent: RecentRecords;
  /** Whether to also read all repositories that a relay lists. */
  readonly fill: boolean;
  /** Called after each commit. */
  readonly committed: () => void;
}

export class LeadershipTerm {
  readonly #options: LeadershipTermOptions;
  readonly #progress: Progress;
  readonly #queues: PartitionQueues;
  readonly #intake: Intake;
  /** The stored position of the partition of each queue. */
  readonly #stored: Map<PartitionQueue, CursorUpdate | null>;

  /** `of`: the number of partitions. */
  constructor(options: LeadershipTermOptions, held: HeldPartitions, of: number) {
    const { context } = options;
    const { config, logger, telemetry, clock } = context;
    const resume = startPosition(held.positions, config.jetstream.startFrom);
    if (resume !== null) telemetry.stream.resumedFrom(resume);
    logger.info(...startMessage(resume, config.jetstream.startFrom));
    this.#options = options;
    this.#progress = new Progress({ stored: resume, clock, clockDiffers: clockObserver(context) });
    this.#queues = createPartitionQueues(held.leases, of, {
      queue: config.queue,
      clock,
      observer: {
        paused: () => telemetry.stream.paused(),
        resumed: () => telemetry.stream.resumed(),
        stillPaused: (ms) =>
          logger.error("backpressure: reading is still paused", { seconds: ms / 1000 }),
      },
    });
    this.#intake = new Intake({
      queue: this.#queues,
      decoderFor: ({ protocol }) => context.decoders.for(protocol),
      now: () => clock.monotonic(),
      progress: this.#progress,
    });
    this.#stored = new Map(
      this.#queues.all.map((queue, index) => [queue, held.positions[index] ?? null]),
    );
    telemetry.watchBacklog(() => this.#backlog());
    telemetry.pipelineStarted({ of, held: held.leases.map(({ partition }) => partition) });
  }

  /** Reads and writes, until the signal aborts or a lease is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { context, writer, deadLetterRetries } = this.#options;
    const { config, clock, logger } = context;
    using queues = this.#queues;
    const input = this.#createStreamInput();
    const mail = this.#createMail();
    const ended = new AbortController();
    const reconciling = this.#reconcile(AbortSignal.any([signal, ended.signal]));
    try {
      await runPipeline({
        queues,
        intake: this.#intake,
        follow: (until) => input.run(until),
        write: (batch, draining) => writer.write(batch, draining),
        readMail: (queue, until) => mail.readAfterBatch(queue, until),
        pollMail: (queue, until) => mail.poll(queue, until),
        retryDeadLetters: (reading) => deadLetterRetries.retryDue(reading),
        batch: config.batch,
        committed: (committed, queue) => this.#committed(committed, queue),
        clock,
        drainMs: DRAIN_MS,
      }, signal);
    } catch (error) {
      if (!(error instanceof DrainError && signal.aborted)) throw error;
      // The database did not answer during shutdown: the unwritten events are read again after the next
      // start.
      logger.error("stopped before everything was written", { error });
    } finally {
      ended.abort();
      await reconciling;
      context.telemetry.termEnded();
    }
  }

  async #reconcile(until: AbortSignal): Promise<void> {
    const { reconciles, fill } = this.#options;
    await Promise.all([
      reconciles.run(until),
      fill ? reconciles.fill(() => this.#progress.point !== null, until) : null,
    ]);
  }

  #committed(committed: Committed, queue: PartitionQueue): void {
    const { context, recent } = this.#options;
    if (committed.cursor !== null) this.#stored.set(queue, committed.cursor);
    // Everything is stored up to the position of the partition that is furthest behind.
    const known = [...this.#stored.values()].filter((position) => position !== null);
    const cursor = known.length < this.#stored.size ? null : leastPosition(known);
    reportCommit(context.telemetry, { ...committed, cursor });
    recent.add(committed);
    this.#options.committed();
  }

  #backlog(): Backlog {
    return {
      oldest: oldestOf(this.#queues.oldest),
      queued: this.#queues.size,
      queuedBytes: this.#queues.bytes,
    };
  }

  #createStreamInput(): StreamInput {
    const { context, reconciles } = this.#options;
    return new StreamInput({
      ...context,
      queue: this.#queues,
      intake: this.#intake,
      position: this.#progress,
      eventsMayBeMissing: () => reconciles.wantAll(),
    });
  }

  #createMail(): MailboxReader {
    const { context: { database, silentMs, logger, clock }, writer } = this.#options;
    return new MailboxReader({
      write: (batch, until) => writer.write(batch, until),
      ask: (question, until) => database.ask(question, { silentMs, signal: until }),
      logger,
      clock,
    });
  }
}

function oldestOf(arrival: Arrival | null): Backlog["oldest"] {
  if (arrival === null) return null;
  const { receivedAt, event } = arrival;
  return { receivedAt, timeUs: positionOf(event)?.timeUs ?? null };
}
