/** A metric that is read from the facts at scrape time, so that it shows a stall while nothing happens. */

import { Counter, Gauge, type Registry } from "prom-client";
import type { Tally } from "../facts/counts.ts";
import type { Facts, Now } from "../facts/facts.ts";

/** One value, or one for each combination of labels. */
type Value = number | readonly (readonly [labels: readonly string[], value: number])[];

/** A row of a table. A label value is from a closed list: none comes from the wire. */
export type Metric = readonly [
  name: string,
  help: string,
  read: (facts: Facts, now: Now) => Value,
  ...labels: string[],
];

/** Adds the metrics of a table. */
export function registerMetrics(
  registry: Registry,
  kind: "counter" | "gauge",
  metrics: readonly Metric[],
  facts: Facts,
  now: () => Now,
): void {
  for (const [name, help, read, ...labelNames] of metrics) {
    const options = {
      name,
      help,
      labelNames,
      registers: [registry],
      collect(this: Counter | Gauge): void {
        this.reset();
        const value = read(facts, now());
        const series = typeof value === "number" ? [[[], value] as const] : value;
        for (const [labels, amount] of series) {
          this.inc(
            Object.fromEntries(labelNames.map((label, i) => [label, labels[i] ?? ""])),
            amount,
          );
        }
      },
    };
    void (kind === "counter" ? new Counter(options) : new Gauge(options));
  }
}

/** The values of a tally, by its label. */
export function byLabel(tally: Tally): Value {
  return [...tally].map(([label, count]) => [[label], count] as const);
}
