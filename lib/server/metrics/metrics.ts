/**
 * The metrics, in a registry of their own. Names without the prefix `indexer_` come from the system that this
 * one replaces. Label values are from closed lists: none comes from the wire.
 */

import { Counter, Histogram, Registry } from "prom-client";
import { ARCHIVE_NOTICES } from "../../client/archive/replay_observer.ts";
import { NOTICES } from "../../client/live/stream_observer.ts";
import { REASONS } from "../../reason.ts";
import { OUTCOMES } from "../../repository/outcome.ts";
import type { CommittedBatch, DecidedEvents } from "../facts/committed_batch.ts";
import type { Facts, Now } from "../facts/facts.ts";
import { registerGauges } from "./gauges.ts";
import { registerBuildInfo, registerProcessMetrics } from "./process_metrics.ts";
import { sqlStateClass } from "../../sqlstate_table.ts";

export interface MetricsOptions {
  /** NSIDs with a label value of their own. */
  readonly collections: readonly string[];
  readonly version: string;
  readonly facts: Facts;
  readonly now: () => Now;
  readonly logLinesDropped: () => number;
}

const KNOWN_REASONS: ReadonlySet<string> = new Set(REASONS);

const KNOWN_NOTICES: ReadonlySet<string> = new Set([...NOTICES, ...ARCHIVE_NOTICES]);

export class Metrics {
  readonly #registry = new Registry();
  readonly #collections: ReadonlySet<string>;

  readonly #processed = this.#counter(
    "indexer_messages_processed_total",
    "Messages taken from the queue, whatever became of them, undecodable ones included.",
  );
  readonly #errors = this.#counter(
    "indexer_messages_error_total",
    "Messages that could not be decoded, or whose record was refused (outcome dead_letter).",
  );
  readonly #upserts = this.#counter(
    "indexer_upserts_total",
    "Committed inserts and updates of records; neither deletes nor events that changed nothing.",
  );
  readonly #trust = this.#counter(
    "indexer_trust_recompute_total",
    "Commits that changed alliances or memberships: after each, trust has to be computed anew.",
  );
  readonly #ingestLatency = this.#histogram(
    "indexer_ingest_latency_seconds",
    "Seconds from receipt to commit, waiting in the queue included, of inserts and updates.",
    [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10],
  );
  readonly #pauses = this.#counter(
    "indexer_backpressure_paused_total",
    "Times that reading was paused because the queue was full.",
  );
  readonly #resumes = this.#counter(
    "indexer_backpressure_resumed_total",
    "Times that reading was resumed after a pause.",
  );
  readonly #pauseDuration = this.#histogram(
    "indexer_backpressure_pause_duration_seconds",
    "Seconds that each pause lasted, from its start to its end.",
    [.1, .5, 1, 5, 10, 30, 60],
  );
  readonly #failedAttempts = this.#counter(
    "indexer_reconnection_attempts_total",
    "Attempts to connect that failed, the very first one and dropped-at-once ones included.",
  );
  readonly #reconnections = this.#counter(
    "indexer_reconnection_success_total",
    "Connections made after a failed attempt or a lost connection.",
  );
  readonly #failedWrites = this.#counter(
    "indexer_database_writes_failed_total",
    "Records that were refused by their mapper or by the database, and failed transactions.",
  );
  readonly #events = this.#counter(
    "indexer_events_total",
    "Committed events by collection and outcome. Collection is an NSID that has a mapper, " +
      "unmapped (kept without one), foreign (not wanted) or none (not about a record).",
    ["collection", "outcome"],
  );
  readonly #deadLetters = this.#counter(
    "indexer_dead_letters_total",
    "Dead letters written, by reason.",
    ["reason"],
  );
  readonly #commitLatency = this.#histogram(
    "indexer_commit_latency_seconds",
    "Seconds from receipt to commit, waiting in the queue included, of every timed event.",
    [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300],
  );
  readonly #transaction = this.#histogram(
    "indexer_transaction_seconds",
    "Seconds that each committed transaction took.",
    [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10],
  );
  readonly #batchSize = this.#histogram(
    "indexer_batch_size",
    "Events in each committed transaction.",
    [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000],
  );
  readonly #commitFailures = this.#counter(
    "indexer_commit_failures_total",
    "Failed transactions by the class of Postgres' code; unanswered when there was no answer.",
    ["sqlstate_class"],
  );
  readonly #receivedBytes = this.#counter(
    "indexer_received_bytes_total",
    "Bytes of messages received from the stream, after decompression.",
  );
  readonly #notices = this.#counter(
    "indexer_notices_total",
    "Things about the stream and the archive that an operator should know of, by code.",
    ["code"],
  );
  readonly #reconciles = this.#counter(
    "indexer_reconciles_total",
    "Repositories compared with their source, by what came of it: same, differed, deletion_confirmed, deletion_refuted, or why it failed.",
    ["result"],
  );
  readonly #differences = this.#counter(
    "indexer_reconcile_differences_total",
    "Records that the index lacked or had otherwise (put), and that their source no longer had (deleted).",
    ["change"],
  );

  constructor({ collections, version, facts, now, logLinesDropped }: MetricsOptions) {
    this.#collections = new Set(collections);
    this.#announceSeries();
    registerGauges(this.#registry, facts, now);
    registerProcessMetrics(this.#registry, logLinesDropped);
    registerBuildInfo(this.#registry, version);
  }

  /** The media type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  taken(count: number): void {
    this.#processed.inc(count);
  }

  received(bytes: number): void {
    this.#receivedBytes.inc(bytes);
  }

  paused(): void {
    this.#pauses.inc();
  }

  resumed(afterSeconds: number): void {
    this.#resumes.inc();
    this.#pauseDuration.observe(afterSeconds);
  }

  attemptFailed(): void {
    this.#failedAttempts.inc();
  }

  reconnected(): void {
    this.#reconnections.inc();
  }

  noticed(code: string): void {
    this.#notices.inc({ code: KNOWN_NOTICES.has(code) ? code : "other" });
  }

  reconciled(result: { readonly put: number; readonly deleted: number } | string): void {
    if (typeof result === "string") return this.#reconciles.inc({ result });
    const { put, deleted } = result;
    this.#reconciles.inc({ result: put + deleted === 0 ? "same" : "differed" });
    this.#differences.inc({ change: "put" }, put);
    this.#differences.inc({ change: "deleted" }, deleted);
  }

  trustRecomputed(count: number): void {
    this.#trust.inc(count);
  }

  /** `committedAt` is by the monotonic clock, like the times of receipt. */
  committed(batch: CommittedBatch, committedAt: number): void {
    let size = 0;
    for (const decided of batch.events) {
      size += decided.count ?? 1;
      this.#decided(decided, committedAt);
    }
    for (const reason of batch.deadLetterReasons) {
      this.#deadLetters.inc({ reason: KNOWN_REASONS.has(reason) ? reason : "other" });
    }
    this.#batchSize.observe(size);
    this.#transaction.observe(batch.durationMs / 1000);
  }

  commitFailed(code: string | null): void {
    this.#failedWrites.inc();
    this.#commitFailures.inc({ sqlstate_class: sqlStateClass(code) });
  }

  #decided(
    { outcome, collection, count = 1, upsert, receivedAt }: DecidedEvents,
    at: number,
  ): void {
    this.#events.inc({ collection: this.#label(collection, outcome), outcome }, count);
    if (upsert) this.#upserts.inc(count);
    if (outcome === "dead_letter") {
      this.#errors.inc(count);
      // An event without a collection was undecodable and never meant to be written as a record.
      if (collection !== null) this.#failedWrites.inc(count);
    }
    if (receivedAt === null) return;
    const seconds = Math.max(0, at - receivedAt) / 1000;
    for (let observed = 0; observed < count; observed++) {
      this.#commitLatency.observe(seconds);
      if (upsert) this.#ingestLatency.observe(seconds);
    }
  }

  /** Anybody can publish a collection of any name, so only known names are labels. */
  #label(collection: string | null, outcome: string): string {
    if (collection === null) return "none";
    if (this.#collections.has(collection)) return collection;
    return outcome === "ignored" ? "foreign" : "unmapped";
  }

  /** Series exist from the start: a rate over one that appears later misses its first event. */
  #announceSeries(): void {
    for (const collection of [...this.#collections, "unmapped", "foreign", "none"]) {
      for (const outcome of OUTCOMES) this.#events.inc({ collection, outcome }, 0);
    }
    for (const reason of REASONS) this.#deadLetters.inc({ reason }, 0);
    for (const code of KNOWN_NOTICES) this.#notices.inc({ code }, 0);
    this.#commitFailures.inc({ sqlstate_class: sqlStateClass(null) }, 0);
  }

  #counter<Label extends string = string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return new Histogram({ name, help, buckets: [...buckets], registers: [this.#registry] });
  }
}
