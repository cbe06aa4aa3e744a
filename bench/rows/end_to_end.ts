/** From the socket to the commit, compared with the same rows without a pipeline; then the same stream again. */

import { connect } from "../../lib/repository/connection/connection.ts";
import { BARE_BATCH, harvest, writeBare, writeOneByOne } from "../bare.ts";
import { Scratch } from "../database.ts";
import { startServer } from "../processes.ts";
import {
  atMost,
  type Benchmark,
  compared,
  type Effort,
  median,
  range,
  type Result,
} from "../result.ts";
import { runIndexer } from "../runs.ts";

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  // Enough that the start of the process, with cold code, counts little.
  const count = quick ? 10_000 : 100_000;
  const oneByOne = quick ? 300 : 2000;
  await using scratch = await Scratch.create("end_to_end");
  const server = await startServer({ kind: "sample", from: 0, count });
  await using _program = server.program;
  const sql = connect(scratch.url, { max: 1, applicationName: "bare" });
  const ours: number[] = [];
  const replays: number[] = [];
  const bare: number[] = [];
  const single: number[] = [];
  const cores: [indexer: number, postgres: number][] = [];
  const cpu: number[] = [];
  const bareCpu: number[] = [];
  for (let run = 0; run < runs; run++) {
    await scratch.empty();
    const first = await runIndexer({ scratch, url: server.url, expected: count });
    if (first.outcomes["applied"] !== count) throw new Error("not every event was applied");
    ours.push(first.perSecond);
    cores.push([first.indexerCores, first.postgresCores]);
    cpu.push((first.indexerCores + first.postgresCores) * first.ms * 1000 / count);
    const rows = await harvest(scratch);

    await scratch.settle();
    // Another consumer has no cursor, so it is sent everything from the start.
    const env = { CONSUMER_NAME: "replay" };
    const again = await runIndexer({ scratch, url: server.url, expected: count, env });
    if (again.outcomes["duplicate"] !== count) throw new Error("not every event was a duplicate");
    replays.push(again.perSecond);

    const { perSecond, cpuUs } = await writeBare(scratch, sql, rows);
    bare.push(perSecond);
    bareCpu.push(cpuUs);
    await scratch.empty();
    single.push(await writeOneByOne(sql, rows, oneByOne));
  }
  await sql.end();
  const [indexer, postgres] = [0, 1].map((who) => median(cores.map((run) => run[who] ?? 0)));
  return [
    compared(
      {
        name: "end to end",
        unit: "records/s",
        note: `the same rows by bare statements, ${BARE_BATCH} a transaction; ` +
          `runs ${range(ours)}; cores: indexer ${indexer?.toFixed(2)}, ` +
          `its Postgres ${postgres?.toFixed(2)}`,
      },
      ours,
      bare,
      0.9,
    ),
    atMost(
      {
        name: "end to end: CPU a record, indexer and Postgres",
        unit: "µs",
        note: "bare statements: their client, without making the parameters, and Postgres",
      },
      cpu,
      bareCpu,
      1.5,
    ),
    compared(
      {
        name: "end to end, against one by one",
        unit: "records/s",
        note: "one transaction a record, check-then-write, the same rows",
      },
      ours,
      single,
      30,
    ),
    compared(
      {
        name: "replay of duplicates",
        unit: "records/s",
        note: `first-time ingest; runs ${range(replays)}`,
      },
      replays,
      ours,
      4,
    ),
  ];
}

export const endToEnd: Benchmark = { name: "end-to-end", measure };
