/**
 * Where the pipeline reports what happens. Each method is named after an event, and updates what it affects:
 * the facts, the histograms, the history.
 */

import { systemClock } from "../../client/clock.ts";
import type { ReconcileCounts } from "../../repository/reconcile/reconcile_queue.ts";
import { add, addKnown } from "../facts/counts.ts";
import { NOTHING_QUEUED } from "../facts/database_facts.ts";
import { observationOf } from "../facts/derived.ts";
import {
  type Backlog,
  type Clocks,
  type Facts,
  factsAtStart,
  noBacklog,
  type Now,
  nowOf,
  type PartitionFacts,
  type ProcessDescription,
} from "../facts/facts.ts";
import { type Condition, conditionOf } from "../facts/condition.ts";
import { History } from "../facts/history.ts";
import { Metrics } from "../metrics/metrics.ts";
import { ArchiveRecorder } from "./archive_recorder.ts";
import { BatchRecorder } from "./batch_recorder.ts";
import { DatabaseRecorder } from "./database_recorder.ts";
import { StreamRecorder } from "./stream_recorder.ts";

export interface TelemetryOptions extends ProcessDescription {
  readonly clock?: Clocks;
}

const HOUR_IN_MINUTES = 60;

/** Rates are averages over this many seconds. */
const RATE_SECONDS = 10;

export class Telemetry {
  readonly facts: Facts;
  readonly metrics: Metrics;
  /** The last hour, by minute. */
  readonly history = new History(60_000, HOUR_IN_MINUTES);
  /** The last seconds, for rates; one bucket more than is averaged, for the current one. */
  readonly recent = new History(1_000, RATE_SECONDS + 1);
  readonly clock: Clocks;
  readonly stream: StreamRecorder;
  readonly archive: ArchiveRecorder;
  readonly database: DatabaseRecorder;
  readonly batches: BatchRecorder;

  constructor({ clock = systemClock, ...described }: TelemetryOptions) {
    this.clock = clock;
    const facts = this.facts = factsAtStart(described, this.now);
    this.metrics = new Metrics(facts, () => this.now);
    const { histograms } = this.metrics;
    const observe = (): void => this.history.see(clock.now(), observationOf(facts, this.now));
    this.stream = new StreamRecorder(facts, clock, histograms.pauseDuration);
    this.archive = new ArchiveRecorder(facts.archive, clock);
    this.database = new DatabaseRecorder(facts, clock, observe);
    this.batches = new BatchRecorder({
      facts,
      clocks: clock,
      database: this.database,
      histories: [this.history, this.recent],
      histograms,
      observe,
    });
  }

  get now(): Now {
    return nowOf(this.clock);
  }

  /** The current inputs of health and readiness. */
  get condition(): Condition {
    return conditionOf(this.facts, this.now);
  }

  /** Sets where the backlog is read from. */
  watchBacklog(backlog: () => Backlog): void {
    this.facts.backlog = backlog;
  }

  /** A term of leadership begins. */
  pipelineStarted(partitions: PartitionFacts = { of: 1, held: [0] }): void {
    this.facts.pipeline = "running";
    this.facts.leads = true;
    this.facts.partitions = partitions;
    this.database.accepted();
  }

  /**
   * A term of leadership has ended. Whatever was known of its stream and its queue ends with it: otherwise a
   * standby would report the last problem of its term for as long as another instance leads.
   */
  termEnded(): void {
    const { facts } = this;
    if (facts.pipeline === "running") facts.pipeline = "starting";
    facts.leads = false;
    facts.partitions = { ...facts.partitions, held: [] };
    facts.backlog = noBacklog;
    this.stream.ended();
    this.reconcilesCounted(NOTHING_QUEUED);
  }

  /** Other instances lead all partitions. `of`: how many there are. */
  standsBy(of = 1): void {
    this.facts.pipeline = "standby";
    this.facts.partitions = { of, held: [] };
    this.database.accepted();
  }

  /** The database does not let this instance claim a lease, so it can't take over. */
  cannotClaim(code: string): void {
    this.database.rejected(code);
  }

  pipelineDraining(): void {
    this.facts.pipeline = "draining";
  }

  /** For good: a retry is not a failure of the pipeline. */
  pipelineFailed(): void {
    this.facts.pipeline = "failed";
  }

  /** A notice for operators, by its code. */
  noticed(code: string): void {
    if (code === "quiet_stream" || code === "undecodable_stream") {
      this.facts.connection.fault = code;
    }
    addKnown(this.facts.counts.notices, code);
  }

  /** A repository was compared with its source: how many records differed, or why it failed. */
  reconciled(result: { readonly put: number; readonly deleted: number } | string): void {
    const { counts, reconcile } = this.facts;
    if (typeof result === "string") return add(counts.reconciles, result);
    const { put, deleted } = result;
    add(counts.reconciles, put + deleted === 0 ? "same" : "differed");
    add(counts.differences, "put", put);
    add(counts.differences, "deleted", deleted);
    this.facts.reconcile = {
      ...reconcile,
      compared: reconcile.compared + 1,
      put: reconcile.put + put,
      deleted: reconcile.deleted + deleted,
    };
  }

  reconcilesCounted(counts: ReconcileCounts): void {
    this.facts.reconcile = { ...this.facts.reconcile, ...counts };
  }
}
