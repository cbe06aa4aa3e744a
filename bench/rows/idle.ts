/** Resident memory of the executables, connected and idle. */

import { Scratch } from "../database.ts";
import { Program, residentBytes, startServer } from "../processes.ts";
import { type Benchmark, type Effort, limited, type Result } from "../result.ts";
import { settings } from "../runs.ts";

const MEGABYTE = 2 ** 20;
const LIMIT_MB = 70;

/** What the start has left behind is returned by then. */
const IDLE_MS = 12_000;

const EXECUTABLES = {
  "with the embedded database": "jetstream-indexer",
  "without it": "jetstream-indexer-external",
} as const;

async function measure({ runs }: Effort): Promise<readonly Result[]> {
  await using scratch = await Scratch.create("idle");
  const server = await startServer({ kind: "sample", from: 0, count: 0 });
  await using _server = server.program;
  const env = { ...settings(scratch, server.url), METRICS_PORT: "0", HTTP_HOST: "127.0.0.1" };
  const results: Result[] = [];
  for (const [variant, file] of Object.entries(EXECUTABLES)) {
    const path = new URL(`../../dist/${file}`, import.meta.url).pathname;
    if (!await isThere(path)) continue;
    const values: number[] = [];
    for (let run = 0; run < runs; run++) {
      await using indexer = new Program(path, ["run"], env);
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      values.push(await residentBytes(indexer.pid) / MEGABYTE);
    }
    const note = "half of it is the runtime's code, which several processes share";
    const name = `memory of the idle executable, ${variant}`;
    results.push(limited({ name, unit: "MB", note }, values, LIMIT_MB));
  }
  return results;
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

export const idle: Benchmark = { name: "idle", measure };
