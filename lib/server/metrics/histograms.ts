/** Histograms: the metrics that keep their own values, because each observation falls into a bucket. */

import { Histogram, type Registry } from "prom-client";

export type Histograms = Readonly<
  Record<
    "ingestLatency" | "pauseDuration" | "commitLatency" | "transaction" | "batchSize",
    Histogram
  >
>;

/** Creates them in a registry. */
export function createHistograms(registry: Registry): Histograms {
  const histogram = (name: string, help: string, buckets: number[]): Histogram =>
    new Histogram({ name, help, buckets, registers: [registry] });
  return {
    ingestLatency: histogram(
      "indexer_ingest_latency_seconds",
      "Seconds from receipt to commit, including time in the queue, of inserts and updates.",
      [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10],
    ),
    pauseDuration: histogram(
      "indexer_backpressure_pause_duration_seconds",
      "Duration of each pause in seconds.",
      [.1, .5, 1, 5, 10, 30, 60],
    ),
    commitLatency: histogram(
      "indexer_commit_latency_seconds",
      "Seconds from receipt to commit, including time in the queue, of every timed event.",
      [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300],
    ),
    transaction: histogram(
      "indexer_transaction_seconds",
      "Duration of each committed transaction in seconds.",
      [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10],
    ),
    batchSize: histogram(
      "indexer_batch_size",
      "Events in each committed transaction.",
      [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000],
    ),
  };
}
