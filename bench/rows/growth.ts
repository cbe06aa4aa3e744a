/** The cost of large tables: the same events into large and into small ones. */

import { Scratch } from "../database.ts";
import { fill } from "../fill.ts";
import { startServer } from "../processes.ts";
import { type Benchmark, compared, type Effort, range, type Result } from "../result.ts";
import { runIndexer } from "../runs.ts";

const SMALL = 20_000;

/** Events of a run: few beside the rows that are there, or the small tables would not be small. */
const COUNT = 10_000;

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  const large = quick ? 200_000 : 2_000_000;
  await using small = await Scratch.create("small");
  await using grown = await Scratch.create("large");
  await fill(grown, large);
  const slow: number[] = [];
  const fast: number[] = [];
  for (let run = 0; run < runs; run++) {
    await fill(small, SMALL);
    const server = await startServer({ kind: "sample", from: run * COUNT, count: COUNT });
    await using _program = server.program;
    for (const [scratch, rates] of [[small, fast], [grown, slow]] as const) {
      await scratch.settle();
      // Each run has a server at another address, to which the last run's cursor means nothing.
      const env = { CONSUMER_NAME: `run-${run}` };
      const ran = await runIndexer({ scratch, url: server.url, expected: COUNT, env });
      rates.push(ran.perSecond);
    }
  }
  const name = `rate at ${large.toLocaleString("en")} ledger rows`;
  const note = `at ${SMALL.toLocaleString("en")} ledger rows; runs ${range(slow)}`;
  return [compared({ name, unit: "records/s", note }, slow, fast, 0.8)];
}

export const growth: Benchmark = { name: "growth", measure };
