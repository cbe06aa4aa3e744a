/**
 * A live v1 stream in which everything is wanted and nothing has a product table: each record becomes a ledger row.
 * Compared with `JSON.parse` of the same messages and the same rows by bare statements, in one process.
 */

import { connect } from "../../lib/repository/connection/connection.ts";
import { BARE_BATCH, harvest, writeBare } from "../bare.ts";
import { Scratch } from "../database.ts";
import { startServer } from "../processes.ts";
import { type Benchmark, compared, type Effort, median, range, type Result } from "../result.ts";
import { runIndexer } from "../runs.ts";
import { FOREIGN_COLLECTION, foreignMessage } from "../sample.ts";

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  const count = quick ? 10_000 : 100_000;
  await using scratch = await Scratch.create("unmapped");
  const server = await startServer({ kind: "foreign", from: 0, count });
  await using _program = server.program;
  const sql = connect(scratch.url, { max: 1, applicationName: "bare" });
  const env = { WANTED_COLLECTIONS: FOREIGN_COLLECTION };
  const messages = Array.from({ length: count }, (_, index) => foreignMessage(index));
  const ours: number[] = [];
  const bare: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < runs; run++) {
    await scratch.empty();
    const ran = await runIndexer({ scratch, url: server.url, expected: count, env });
    if (ran.outcomes["applied"] !== count) throw new Error("not every event was applied");
    ours.push(ran.perSecond);
    cpu.push((ran.indexerCores + ran.postgresCores) * ran.ms * 1000 / count);
    const rows = (await harvest(scratch)).filter(({ rows }) => rows.length > 0);

    const parsingMs = timeToParse(messages);
    const { perSecond } = await writeBare(scratch, sql, rows);
    bare.push(count * 1000 / (parsingMs + count * 1000 / perSecond));
  }
  await sql.end();
  const note = `JSON.parse of the messages, and the same rows by bare statements, ${BARE_BATCH} ` +
    `a transaction; runs ${range(ours)}; ${median(cpu).toFixed(0)} µs of CPU a record`;
  return [
    compared({ name: "everything wanted, unmapped", unit: "records/s", note }, ours, bare, 0.8),
  ];
}

export const unmapped: Benchmark = { name: "unmapped", measure };

function timeToParse(messages: readonly string[]): number {
  const startedAt = performance.now();
  for (const message of messages) JSON.parse(message);
  return performance.now() - startedAt;
}
