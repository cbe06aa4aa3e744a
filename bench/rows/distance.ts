/** A distant database: every byte is delayed in both directions. */

import { Scratch } from "../database.ts";
import { deno, startServer } from "../processes.ts";
import {
  type Benchmark,
  compared,
  type Effort,
  limited,
  percentile,
  type Result,
} from "../result.ts";
import { type Ran, runIndexer } from "../runs.ts";
import type { Play } from "../server.ts";

/** The round trip, milliseconds. */
const DISTANCES = [0, 5, 20];
const FAR = 20;

/** Goals for the greatest distance. */
const MOST_MS = 130;
const LEAST_OF_NEAR = 0.7;
const LEAST_OF_NEAR_MIXED = 0.5;

const RATES = [100, 1000];
const WARM_UP_SECONDS = 3;

const STREAMS = [
  { kind: "sample", name: "full speed", goal: LEAST_OF_NEAR },
  {
    kind: "mixed",
    name: "full speed, with deletes, accounts and records that wait",
    goal: LEAST_OF_NEAR_MIXED,
  },
] as const;

async function measure(effort: Effort): Promise<readonly Result[]> {
  await using scratch = await Scratch.create("distance");
  return [...await latencies(scratch, effort), ...await speeds(scratch, effort)];
}

export const distance: Benchmark = { name: "distance", measure };

async function latencies(scratch: Scratch, { runs, quick }: Effort): Promise<Result[]> {
  const results: Result[] = [];
  for (const perSecond of RATES) {
    const warmUp = WARM_UP_SECONDS * perSecond;
    const count = warmUp + (quick ? 3 : 12) * perSecond;
    for (const ms of DISTANCES) {
      const p95: number[] = [];
      for (let run = 0; run < runs; run++) {
        const play: Play = { kind: "sample", from: 0, count, perSecond };
        const { latencies } = await runAt(scratch, ms, play);
        p95.push(percentile(latencies.slice(warmUp).sort((a, b) => a - b), 0.95));
      }
      const name = `database ${ms} ms away: received to committed, p95 at ${perSecond} a second`;
      const goal = ms === FAR && perSecond === RATES[0] ? MOST_MS : null;
      results.push(limited({ name, unit: "ms", note: "there and back" }, p95, goal));
    }
  }
  return results;
}

async function speeds(scratch: Scratch, { runs, quick }: Effort): Promise<Result[]> {
  const count = quick ? 10_000 : 40_000;
  const results: Result[] = [];
  for (const { kind, name, goal } of STREAMS) {
    const rates = DISTANCES.map((): number[] => []);
    for (let run = 0; run < runs; run++) {
      for (const [at, ms] of DISTANCES.entries()) {
        const { perSecond } = await runAt(scratch, ms, { kind, from: 0, count });
        rates[at]?.push(perSecond);
      }
    }
    const [near = [], ...others] = rates;
    for (const [at, values] of others.entries()) {
      const ms = DISTANCES[at + 1] ?? 0;
      const named = {
        name: `database ${ms} ms away: ${name}`,
        unit: "events/s",
        note: "through the same relay without a delay",
      };
      results.push(compared(named, values, near, ms === FAR ? goal : null));
    }
  }
  return results;
}

async function runAt(scratch: Scratch, ms: number, play: Play): Promise<Ran> {
  await scratch.empty();
  const server = await startServer(play);
  await using _server = server.program;
  await using relay = deno("relay.ts", [String(ms / 2), scratch.url]);
  const { url } = await relay.hear<{ url: string }>();
  return await runIndexer({
    scratch,
    url: server.url,
    expected: play.count,
    latencies: play.perSecond !== undefined,
    // Repositories of accounts that come back have no server to be compared with.
    env: { DATABASE_URL: url, RECONCILE_ENABLED: "false" },
  });
}
