/** One process with several partitions compared with one; and how long nobody writes after a kill. */

import { Scratch } from "../database.ts";
import { type Program, startServer } from "../processes.ts";
import {
  type Benchmark,
  compared,
  type Effort,
  limited,
  median,
  range,
  type Result,
} from "../result.ts";
import { type Ran, runIndexer, startIndexer } from "../runs.ts";

const KILLS = 10;

/** A standby is there some seconds after its start. */
const STANDBY_MS = 4_000;

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  return [...await rates(runs, quick), await takeover(quick ? 2 : KILLS)];
}

async function rates(runs: number, quick: boolean): Promise<readonly Result[]> {
  const count = quick ? 10_000 : 100_000;
  await using scratch = await Scratch.create("partitions");
  const server = await startServer({ kind: "sample", from: 0, count });
  await using _program = server.program;
  const ran = new Map<number, Ran[]>([[1, []], [2, []], [4, []]]);
  for (let run = 0; run < runs; run++) {
    for (const [partitions, all] of ran) {
      await scratch.empty();
      const env = { PARTITIONS: String(partitions) };
      all.push(await runIndexer({ scratch, url: server.url, expected: count, env }));
    }
  }
  const one = (ran.get(1) ?? []).map(({ perSecond }) => perSecond);
  return [2, 4].map((partitions) => {
    const all = ran.get(partitions) ?? [];
    const rates = all.map(({ perSecond }) => perSecond);
    const cores = (which: "indexerCores" | "postgresCores"): string =>
      median(all.map((each) => each[which])).toFixed(2);
    return compared(
      {
        name: `${partitions} partitions in one process`,
        unit: "records/s",
        note: `one partition; runs ${range(rates)}; cores: indexer ${cores("indexerCores")}, ` +
          `its Postgres ${cores("postgresCores")}`,
      },
      rates,
      one,
    );
  });
}

/** A leader is killed, and another process waits to take over: from the kill to its first commit. */
async function takeover(kills: number): Promise<Result> {
  await using scratch = await Scratch.create("takeover");
  const server = await startServer({ kind: "sample", from: 0, count: 1_000_000, perSecond: 200 });
  await using _program = server.program;
  const start = (): Program => startIndexer({ scratch, url: server.url, expected: Infinity });
  const holder = async (): Promise<string | null> => {
    const [row] = await scratch.sql<{ holder: string; batch: string | null }[]>`
      select holder, batch from indexer_state where batch is not null`;
    return row?.holder ?? null;
  };
  const times: number[] = [];
  let leader = start();
  while (await holder() === null) await pause(50);
  for (let kill = 0; kill < kills; kill++) {
    const standby = start();
    await pause(STANDBY_MS);
    const [before] = await scratch.sql<{ epoch: number; batch: string }[]>`
      select epoch::float8 as epoch, batch from indexer_state`;
    Deno.kill(leader.pid, "SIGKILL");
    const killedAt = performance.now();
    while (true) {
      const [now] = await scratch.sql<{ epoch: number }[]>`
        select epoch::float8 as epoch from indexer_state
        where epoch > ${before?.epoch ?? 0} and batch is distinct from ${before?.batch ?? ""}
          and last_updated > now() - interval '1 second'`;
      if (now !== undefined) break;
      await pause(20);
    }
    times.push(performance.now() - killedAt);
    await leader[Symbol.asyncDispose]();
    leader = standby;
  }
  Deno.kill(leader.pid, "SIGKILL");
  await leader[Symbol.asyncDispose]();
  return limited(
    {
      name: "killed to the next commit",
      unit: "ms",
      note: `a standby on the same machine, LEASE_MS 8000, ${kills} kills; ${range(times)}`,
    },
    times,
    10_000,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const partitions: Benchmark = { name: "partitions", measure };
