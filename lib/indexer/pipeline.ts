/**
 * The pipeline: batches what arrives, writes one batch at a time while the next one fills, and drains at
 * shutdown.
 */

import { backoffMs } from "../client/backoff.ts";
import { type Clock, sleep } from "../client/clock.ts";
import type { Intake } from "./intake.ts";
import type { Arrival } from "./intake.ts";
import { BatchWait } from "./batch_wait.ts";
import type { Batch, BatchResult, CursorUpdate } from "../repository/fold/batch.ts";
import type { PartitionQueue, PartitionQueues } from "./partition_queues.ts";

/** A committed batch, for metrics, logs and the status page. */
export interface Committed {
  readonly arrivals: readonly Arrival[];
  readonly result: BatchResult;
  readonly cursor: CursorUpdate | null;
  readonly durationMs: number;
}

/** The limits of one transaction. */
export interface BatchLimits {
  readonly maxEvents: number;
  /** Memory of its events; a single larger event is allowed. */
  readonly maxBytes: number;
  /** Null: decided by `BatchWait`. */
  readonly maxWaitMs: number | null;
}

export interface PipelineOptions {
  /** The partitions, whose batches are written concurrently. */
  readonly queues: PartitionQueues;
  readonly intake: Intake;
  /** Reads the stream into the intake until the signal aborts. */
  readonly follow: (signal: AbortSignal) => Promise<void>;
  /** Makes a batch durable, however long that takes; rejects only when the signal aborts. */
  readonly write: (batch: Batch, signal: AbortSignal) => Promise<BatchResult>;
  /** Reads notes of other partitions, after a batch that saw some. */
  readonly readMail: (queue: PartitionQueue, signal: AbortSignal) => Promise<void>;
  /** Checks for such notes until the signal aborts. */
  readonly pollMail: (queue: PartitionQueue, signal: AbortSignal) => Promise<void>;
  /** Retries the dead letters that are due. */
  readonly retryDeadLetters: (signal: AbortSignal) => Promise<void>;
  readonly batch: BatchLimits;
  readonly committed: (committed: Committed, queue: PartitionQueue) => void;
  readonly clock: Clock;
  /** Time to write the queue at shutdown, milliseconds. */
  readonly drainMs: number;
}

/**
 * Account events of foreign accounts and the cursor wait this long for other events: a stream of nothing else
 * costs one transaction in that time.
 */
const TICK_MS = 2_000;

/** How often due dead letters are checked. */
const DEAD_LETTERS_MS = 15_000;

/** The queue could not be written in time at shutdown. The cursor is before the unwritten events. */
export class DrainError extends Error {
  override readonly name = "DrainError";
  constructor(readonly left: number) {
    super(`cannot write the last ${left} events in time; they are read again at the next start`);
  }
}

/**
 * Runs until the signal aborts, and then until everything read is written or `drainMs` have passed. Throws a
 * permanent failure of the stream, or a `DrainError`.
 */
export async function runPipeline(options: PipelineOptions, signal: AbortSignal): Promise<void> {
  const { queues, intake, clock, drainMs } = options;
  const drain = new AbortController();
  const reading = new AbortController();
  const stop = (): void => reading.abort(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });

  const writing = writeQueues(options, drain.signal, reading.signal);
  const helpers = [
    every(TICK_MS, clock, reading.signal, () => Promise.resolve(intake.tick())),
    every(DEAD_LETTERS_MS, clock, reading.signal, () => options.retryDeadLetters(reading.signal)),
  ];
  // When the writer fails for good, the reader must stop too, and the reverse.
  writing.failed.catch((error) => reading.abort(error));
  let cancelDrain = (): void => {};
  let streamFailed = false;
  try {
    await options.follow(reading.signal);
  } catch (error) {
    streamFailed = true;
    throw error;
  } finally {
    reading.abort();
    signal.removeEventListener("abort", stop);
    await Promise.allSettled(helpers);
    intake.tick();
    queues.end();
    cancelDrain = clock.setTimer(() => drain.abort(new DrainError(queues.unwritten)), drainMs);
    await writing.ended.catch((error) => {
      // The failure of the stream is the cause, and what an operator can fix.
      if (!streamFailed || !(error instanceof DrainError)) throw error;
    }).finally(() => cancelDrain());
  }
}

/**
 * Writes the batches of all queues concurrently. `failed` rejects with the first failure; `ended` waits for
 * all queues, so that nothing runs afterwards.
 */
function writeQueues(
  options: PipelineOptions,
  signal: AbortSignal,
  reading: AbortSignal,
): { readonly failed: Promise<unknown>; readonly ended: Promise<void> } {
  const all = options.queues.all.flatMap((queue) => [
    writeAll(options, queue, signal),
    options.pollMail(queue, reading),
  ]);
  const failed = Promise.all(all);
  const ended = Promise.allSettled(all).then(async () => void await failed);
  // It is awaited later.
  ended.catch(() => {});
  return { failed, ended };
}

/** Writes batches until the queue has ended and is empty. */
async function writeAll(
  options: PipelineOptions,
  queue: PartitionQueue,
  signal: AbortSignal,
): Promise<void> {
  const { events } = queue;
  const { queues, batch: { maxEvents, maxBytes, maxWaitMs }, write, committed, clock } = options;
  let reached: CursorUpdate | null = null;
  const wait = new BatchWait(maxWaitMs);
  while (true) {
    const limits = { maxItems: maxEvents, maxBytes, maxWaitMs: wait.ms };
    const arrivals = await events.take({ ...limits, signal });
    if (arrivals.length === 0) return;
    reached = arrivals.findLast(({ resume }) => resume !== null)?.resume ?? reached;
    const batch = batchOf(arrivals, reached, queue);
    queues.taken(queue, arrivals);
    const startedAt = clock.monotonic();
    const result = await write(batch, signal);
    const durationMs = clock.monotonic() - startedAt;
    wait.took(durationMs);
    queues.written(queue);
    committed({ arrivals, result, cursor: batch.cursor, durationMs }, queue);
    if (result.hasMail) await options.readMail(queue, signal);
  }
}

function batchOf(
  arrivals: readonly Arrival[],
  cursor: CursorUpdate | null,
  { lease, share }: PartitionQueue,
): Batch {
  return {
    id: crypto.randomUUID(),
    events: arrivals.map(({ event }) => event),
    cursor,
    deadLetters: [],
    fromSource: false,
    lease,
    share,
  };
}

/** Runs a task at an interval, one at a time, until the signal aborts. */
async function every(
  ms: number,
  clock: Clock,
  signal: AbortSignal,
  act: () => Promise<void>,
): Promise<void> {
  try {
    while (true) {
      await sleep(ms, clock, signal);
      await act();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Waits before a batch is retried: up to five seconds, with full jitter. */
export function databaseBackoff(
  clock: Clock,
  random: () => number,
): (attempt: number, signal: AbortSignal) => Promise<void> {
  return (attempt: number, signal: AbortSignal): Promise<void> =>
    sleep(backoffMs(attempt - 1, { baseMs: 100, maxMs: 5_000 }, random()), clock, signal);
}
