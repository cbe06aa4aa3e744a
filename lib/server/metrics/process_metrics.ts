/**
 * Metrics of the process. Not prom-client's own: they read `/proc`, which the executable may not, and then
 * report no memory at all.
 */

import { Counter, Gauge, type Registry } from "prom-client";
import process from "node:process";
import { registerGauge } from "./gauges.ts";

/** Adds them to a registry. */
export function registerProcessMetrics(registry: Registry, logLinesDropped: () => number): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registerGauge(registry, name, help, read);
  gauge(
    "process_resident_memory_bytes",
    "Bytes of memory that the process occupies.",
    () => Deno.memoryUsage().rss,
  );
  gauge(
    "process_heap_bytes",
    "Bytes of the JavaScript heap that are used.",
    () => Deno.memoryUsage().heapUsed,
  );
  new Counter({
    name: "indexer_log_lines_dropped_total",
    help: "Lines of the log that were dropped because nobody read them.",
    registers: [registry],
    collect(): void {
      this.reset();
      this.inc(logLinesDropped());
    },
  });
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Seconds of processor time, user and system.",
    registers: [registry],
    collect(): void {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}

/** Adds the metric with the running version. */
export function registerBuildInfo(registry: Registry, version: string): void {
  const build = new Gauge({
    name: "indexer_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["version", "deno"],
    registers: [registry],
  });
  build.set({ version, deno: Deno.version.deno }, 1);
}
