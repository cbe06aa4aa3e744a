/** All metrics, in a registry of their own, in Prometheus' text format. */

import { Registry } from "prom-client";
import type { Facts, Now } from "../facts/facts.ts";
import { COUNTERS } from "./counter_table.ts";
import { GAUGES } from "./gauge_table.ts";
import { createHistograms, type Histograms } from "./histograms.ts";
import { registerMetrics } from "./metric.ts";

export class Metrics {
  readonly #registry = new Registry();
  readonly histograms: Histograms = createHistograms(this.#registry);

  constructor(facts: Facts, now: () => Now) {
    registerMetrics(this.#registry, "counter", COUNTERS, facts, now);
    registerMetrics(this.#registry, "gauge", GAUGES, facts, now);
  }

  /** The media type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
