/** A stream in which nothing is ours, against a loop that only receives. */

import { Scratch } from "../database.ts";
import { deno, startServer } from "../processes.ts";
import { type Benchmark, compared, type Effort, range, type Result } from "../result.ts";
import { heard, startIndexer } from "../runs.ts";

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  const count = quick ? 200_000 : 1_000_000;
  await using scratch = await Scratch.create("foreign");
  const server = await startServer({ kind: "foreign", from: 0, count });
  await using _program = server.program;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let run = 0; run < runs; run++) {
    await scratch.empty();
    await using indexer = startIndexer({ scratch, url: server.url, expected: count });
    ours.push(count * 1000 / (await heard(indexer, "received")).ms);
    await indexer[Symbol.asyncDispose]();

    await using receiver = deno("receiver.ts", [server.url, String(count)]);
    const { ms } = await receiver.hear<{ ms: number }>();
    bare.push(count * 1000 / ms);
  }
  const note = `the client's socket, read and counted; runs ${range(ours)}`;
  return [
    compared({ name: "nothing matches", unit: "messages/s", note }, ours, bare, 0.8),
  ];
}

export const foreign: Benchmark = { name: "foreign", measure };
