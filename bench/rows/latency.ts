/** Received to committed at a steady thousand events a second. */

import { Scratch } from "../database.ts";
import { startServer } from "../processes.ts";
import { type Benchmark, type Effort, limited, percentile, range, type Result } from "../result.ts";
import { runIndexer } from "../runs.ts";

const PER_SECOND = 1000;

/** The start, when code is still cold and connections are opened, is not the steady state. */
const WARM_UP = 3000;

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  const count = WARM_UP + (quick ? 5 : 20) * PER_SECOND;
  await using scratch = await Scratch.create("latency");
  const play = { kind: "sample", from: 0, count, perSecond: PER_SECOND } as const;
  const server = await startServer(play);
  await using _program = server.program;
  const p95: number[] = [];
  const p99: number[] = [];
  for (let run = 0; run < runs; run++) {
    await scratch.empty();
    const ran = await runIndexer({ scratch, url: server.url, expected: count, latencies: true });
    const sorted = ran.latencies.slice(WARM_UP).sort((a, b) => a - b);
    p95.push(percentile(sorted, 0.95));
    p99.push(percentile(sorted, 0.99));
  }
  const note = (values: readonly number[]): string =>
    `at ${PER_SECOND} a second, the first ${WARM_UP / PER_SECOND} s left out; runs ${
      range(values)
    }`;
  return [
    limited({ name: "received to committed, p95", unit: "ms", note: note(p95) }, p95, 20),
    limited({ name: "received to committed, p99", unit: "ms", note: note(p99) }, p99, 50),
  ];
}

export const latency: Benchmark = { name: "latency", measure };
