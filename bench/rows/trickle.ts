/**
 * The cost of a slow stream: the processor's time of the indexer and its Postgres for an event, beside that of bare
 * statements that write the same rows in as many transactions.
 */

import { connect } from "../../lib/repository/connection/connection.ts";
import { harvest, writeBare } from "../bare.ts";
import { Scratch } from "../database.ts";
import { startServer } from "../processes.ts";
import {
  type Benchmark,
  type Effort,
  limited,
  median,
  percentile,
  type Result,
} from "../result.ts";
import { type Ran, runIndexer } from "../runs.ts";

const PER_SECOND = 250;

/** The start is measured separately, by a run that ends here. */
const WARM_UP = 3 * PER_SECOND;

const MOST_US = 400;
const MOST_MS = 20;

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  const seconds = quick ? 4 : 20;
  await using scratch = await Scratch.create("trickle");
  const sql = connect(scratch.url, { max: 1, applicationName: "bare" });
  const cost: number[] = [];
  const bare: number[] = [];
  const p95: number[] = [];
  const sizes: number[] = [];
  for (let run = 0; run < runs; run++) {
    const short = await runFor(scratch, WARM_UP);
    const long = await runFor(scratch, WARM_UP + seconds * PER_SECOND);
    const events = long.count - short.count;
    cost.push((cpuUs(long) - cpuUs(short)) / events);
    sizes.push(events / (long.batches - short.batches));
    p95.push(percentile(long.latencies.slice(WARM_UP).sort((a, b) => a - b), 0.95));
    const rows = await harvest(scratch);
    bare.push((await writeBare(scratch, sql, rows, Math.round(sizes.at(-1) ?? 1))).cpuUs);
  }
  await sql.end();
  const note = `at ${PER_SECOND} a second, ${median(sizes).toFixed(1)} events a transaction`;
  return [
    limited(
      { name: "a slow stream: CPU an event, indexer and Postgres", unit: "µs", note },
      cost,
      MOST_US,
    ),
    limited(
      {
        name: "the same rows by bare statements: CPU an event",
        unit: "µs",
        note:
          "their client, without making the parameters, and Postgres; as many events a transaction",
      },
      bare,
    ),
    limited({ name: "a slow stream: received to committed, p95", unit: "ms", note }, p95, MOST_MS),
  ];
}

export const trickle: Benchmark = { name: "trickle", measure };

async function runFor(scratch: Scratch, count: number): Promise<Ran> {
  await scratch.empty();
  const play = { kind: "sample", from: 0, count, perSecond: PER_SECOND } as const;
  const server = await startServer(play);
  await using _server = server.program;
  return await runIndexer({ scratch, url: server.url, expected: count, latencies: true });
}

function cpuUs({ indexerCores, postgresCores, ms }: Ran): number {
  return (indexerCores + postgresCores) * ms * 1000;
}
