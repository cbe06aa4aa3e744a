/** Records the results of batches: their events, their latency, and failed transactions. */

import { OUTCOMES } from "../../repository/outcome.ts";
import { sqlStateClass } from "../../sqlstate_table.ts";
import type { CommittedBatch, DecidedEvents } from "../facts/committed_batch.ts";
import { add, addKnown, countEvents, noOutcomes } from "../facts/counts.ts";
import { type Clocks, type Facts, nowOf } from "../facts/facts.ts";
import type { History } from "../facts/history.ts";
import type { Histograms } from "../metrics/histograms.ts";
import type { DatabaseRecorder } from "./database_recorder.ts";

export interface BatchRecorderOptions {
  readonly facts: Facts;
  readonly clocks: Clocks;
  readonly database: DatabaseRecorder;
  readonly histories: readonly History[];
  readonly histograms: Histograms;
  /** Adds the current lag to the history. */
  readonly observe: () => void;
}

export class BatchRecorder {
  readonly #options: BatchRecorderOptions;

  constructor(options: BatchRecorderOptions) {
    this.#options = options;
  }

  /** Messages were taken from the queue. */
  taken(count: number): void {
    this.#options.facts.counts.messagesTaken += count;
  }

  /** A running batch made progress. */
  advanced(): void {
    const { facts, clocks } = this.#options;
    facts.progressAt = clocks.monotonic();
  }

  committed(batch: CommittedBatch): void {
    const { facts, clocks, database, histories, histograms, observe } = this.#options;
    // Before counting: the lag that this commit ends has to be observed.
    observe();
    const now = nowOf(clocks);
    facts.position = batch.position ?? facts.position;
    facts.lastCommitAtMs = now.ms;
    facts.progressAt = now.monotonic;
    database.accepted();
    const outcomes = noOutcomes();
    let size = 0;
    for (const events of batch.events) {
      const { outcome, count = 1 } = events;
      size += count;
      outcomes[outcome] += count;
      this.#count(events, now.monotonic);
    }
    for (const reason of batch.deadLetterReasons) addKnown(facts.counts.deadLetters, reason);
    histograms.batchSize.observe(size);
    histograms.transaction.observe(batch.durationMs / 1000);
    for (const outcome of OUTCOMES) {
      if (outcomes[outcome] === 0) continue;
      for (const history of histories) history.add(now.ms, outcome, outcomes[outcome]);
    }
  }

  /** `committedAt` is by the monotonic clock, like the times of receipt. */
  #count(events: DecidedEvents, committedAt: number): void {
    const { facts: { counts }, histograms } = this.#options;
    const { outcome, collection, count = 1, upsert, receivedAt } = events;
    countEvents(counts, collection, outcome, count);
    if (upsert) counts.upserts += count;
    if (outcome === "dead_letter") {
      counts.errors += count;
      // An event without a collection was undecodable and never meant to be written as a record.
      if (collection !== null) counts.failedWrites += count;
    }
    if (receivedAt === null) return;
    const seconds = Math.max(0, committedAt - receivedAt) / 1000;
    for (let observed = 0; observed < count; observed++) {
      histograms.commitLatency.observe(seconds);
      if (upsert) histograms.ingestLatency.observe(seconds);
    }
  }

  /**
   * A transaction failed, even if it is retried.
   *
   * @param code Postgres' SQLSTATE; null, or the code of a socket, when it did not answer
   */
  failed(code: string | null): void {
    const { facts: { counts }, database, observe } = this.#options;
    observe();
    counts.failedWrites++;
    add(counts.commitFailures, sqlStateClass(code));
    database.rejected(code);
  }

  /** Alliances or memberships changed: the app has to compute trust again. */
  trustChanged(count = 1): void {
    this.#options.facts.counts.trustRecomputations += count;
  }
}
