/**
 * The benchmarks, as one table.
 *
 *     deno task bench [--json] [--only NAME] [--runs N] [--quick]
 */

import { UsageError } from "../lib/commands/command.ts";
import { parseOptions, wholeNumber } from "../lib/commands/options.ts";
import { printLine, runTask } from "../tests/support/task.ts";
import { type Effort, type Result, tableOf } from "./result.ts";
import { archive } from "./rows/archive.ts";
import { blocks } from "./rows/blocks.ts";
import { decode } from "./rows/decode.ts";
import { distance } from "./rows/distance.ts";
import { endToEnd } from "./rows/end_to_end.ts";
import { foreign } from "./rows/foreign.ts";
import { growth } from "./rows/growth.ts";
import { idle } from "./rows/idle.ts";
import { healing } from "./rows/healing.ts";
import { latency } from "./rows/latency.ts";
import { memory } from "./rows/memory.ts";
import { partitions } from "./rows/partitions.ts";
import { places } from "./rows/places.ts";
import { start } from "./rows/start.ts";
import { trickle } from "./rows/trickle.ts";
import { unmapped } from "./rows/unmapped.ts";

const BENCHMARKS = [
  endToEnd,
  unmapped,
  foreign,
  decode,
  blocks,
  archive,
  latency,
  trickle,
  distance,
  memory,
  growth,
  idle,
  start,
  places,
  healing,
  partitions,
];

const USAGE = `usage: deno task bench [--json] [--only NAME] [--runs N] [--quick]

  --json       the rows as JSON
  --only NAME  one of ${BENCHMARKS.map(({ name }) => name).join(", ")}; can be repeated
  --runs N     runs of each measurement (5)
  --quick      fewer and shorter runs, to see that everything works: its figures say little

Needs Postgres with PostGIS at TEST_DATABASE_URL; makes databases of its own there and drops them.`;

const OPTIONS = {
  json: { type: "boolean" },
  only: { type: "string", multiple: true },
  runs: { type: "string" },
  quick: { type: "boolean" },
} as const;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(args, OPTIONS);
  const { quick = false, only } = values;
  const runs = values.runs === undefined ? quick ? 2 : 5 : wholeNumber(values.runs, "--runs");
  const unknown = only?.find((wanted) => BENCHMARKS.every(({ name }) => name !== wanted));
  if (unknown !== undefined) throw new UsageError(`there is no benchmark ${unknown}`);
  const chosen = BENCHMARKS.filter(({ name }) => only === undefined || only.includes(name));
  const { results, failed } = await measureAll(chosen, { runs, quick });
  if (values.json) {
    printLine(JSON.stringify(results.map(({ note: _, ...result }) => result), null, 2));
  } else {
    const title = quick ? "Quick runs: these figures say little.\n\n" : "";
    printLine(`${title}${tableOf(results)}\n\nMedians of ${runs} runs.`);
  }
  return failed ? 1 : 0;
}

async function measureAll(
  chosen: typeof BENCHMARKS,
  effort: Effort,
): Promise<{ results: Result[]; failed: boolean }> {
  const results: Result[] = [];
  let failed = false;
  for (const { name, measure } of chosen) {
    const startedAt = performance.now();
    // What was measured before is worth showing, whatever becomes of the rest.
    try {
      results.push(...await measure(effort));
      const seconds = (performance.now() - startedAt) / 1000;
      printLine(`${name}: measured in ${seconds.toFixed(0)} s`, Deno.stderr);
    } catch (error) {
      failed = true;
      printLine(`${name}: ${error instanceof Error ? error.message : error}`, Deno.stderr);
    }
  }
  return { results, failed };
}

if (import.meta.main) await runTask(USAGE, main);
