/** Resident memory: over a long replay, and with a database that has stopped answering. */

import { Scratch } from "../database.ts";
import { type Program, residentBytes, startServer } from "../processes.ts";
import { type Benchmark, type Effort, limited, median, type Result } from "../result.ts";
import { heard, startIndexer } from "../runs.ts";

const MEGABYTE = 2 ** 20;
const SAMPLE_MS = 250;
const LIMIT_MB = 200;

/** How long an idle process is looked at. */
const IDLE_MS = 5_000;

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  const count = quick ? 50_000 : 1_000_000;
  const stallMs = quick ? 6_000 : 60_000;
  await using scratch = await Scratch.create("memory");
  const quiet = await startServer({ kind: "sample", from: 0, count: 0 });
  await using _quiet = quiet.program;
  const full = await startServer({ kind: "sample", from: 0, count });
  await using _full = full.program;
  const idle: number[] = [];
  const replay: number[] = [];
  const growth: number[] = [];
  const stalled: number[] = [];
  for (let run = 0; run < runs; run++) {
    await scratch.empty();
    {
      await using indexer = startIndexer({ scratch, url: quiet.url, expected: 1 });
      idle.push(median(await sampled(indexer, delay(IDLE_MS))));
    }
    // The position of the quiet stream is later than all events of the other.
    await scratch.empty();
    {
      await using indexer = startIndexer({ scratch, url: full.url, expected: count });
      const samples = await sampled(indexer, heard(indexer, "committed"));
      const [early, late] = [0.25, 0.75].map((part) => {
        const at = Math.floor(samples.length * part);
        return median(samples.slice(at - samples.length / 8, at + samples.length / 8));
      });
      replay.push(Math.max(...samples));
      growth.push((late ?? NaN) - (early ?? NaN));
    }
    await scratch.empty();
    {
      await using indexer = startIndexer({ scratch, url: full.url, expected: count });
      await delay(2_000);
      stalled.push(Math.max(...await sampled(indexer, stall(scratch, stallMs))));
    }
  }
  const above = (values: readonly number[]): number[] =>
    values.map((value, run) => value - (idle[run] ?? NaN));
  const note = `${median(idle).toFixed(0)} MB idle`;
  const events = count.toLocaleString("en");
  return [
    limited(
      { name: `memory over idle, ${events} events`, unit: "MB", note: `the most seen; ${note}` },
      above(replay),
      LIMIT_MB,
    ),
    limited(
      {
        name: `memory growth, ${events} events`,
        unit: "MB",
        note: "from the second eighth of the run to the seventh",
      },
      growth,
    ),
    limited(
      {
        name: `memory over idle, database stalled ${stallMs / 1000} s`,
        unit: "MB",
        note: `the most seen; ${note}`,
      },
      above(stalled),
      LIMIT_MB,
    ),
  ];
}

/** Looks at a process until something is over. Megabytes. */
async function sampled(program: Program, until: Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  let over = false;
  const ended = until.finally(() => over = true);
  while (!over) {
    samples.push(await residentBytes(program.pid) / MEGABYTE);
    await Promise.race([ended, delay(SAMPLE_MS)]);
  }
  await ended;
  return samples;
}

/** Lets every write wait for a lock. */
async function stall({ sql }: Scratch, ms: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`lock table records in access exclusive mode`;
    await delay(ms);
  });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const memory: Benchmark = { name: "memory", measure };
