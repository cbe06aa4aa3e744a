/** From the start of the executable to its first commit, with a database that is migrated. */

import { Scratch } from "../database.ts";
import { deno, Program, startServer } from "../processes.ts";
import { type Benchmark, type Effort, limited, range, type Result } from "../result.ts";
import { settings } from "../runs.ts";

const EXECUTABLE = new URL("../../dist/jetstream-indexer", import.meta.url).pathname;

/** How often is looked whether the commit is there, milliseconds. */
const LOOK_MS = 2;

async function measure({ runs }: Effort): Promise<readonly Result[]> {
  const compiled = await Deno.stat(EXECUTABLE).then(() => true, () => false);
  await using scratch = await Scratch.create("start");
  const server = await startServer({ kind: "sample", from: 0, count: 1 });
  await using _program = server.program;
  const values: number[] = [];
  for (let run = 0; run < runs; run++) {
    await scratch.empty();
    const env = { ...settings(scratch, server.url), METRICS_PORT: "0", HTTP_HOST: "127.0.0.1" };
    const startedAt = performance.now();
    await using indexer = compiled
      ? new Program(EXECUTABLE, ["run"], env)
      : deno("../main.ts", ["run"], env);
    while ((await scratch.sql`select 1 from records`).length === 0) {
      if (indexer.hasEnded) {
        throw new Error("cannot measure: the executable ended, is it an old one?");
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    values.push(performance.now() - startedAt);
  }
  const what = compiled ? "the executable" : "main.ts by deno run: there is no executable";
  return [
    limited(
      { name: "start to first commit", unit: "ms", note: `${what}; runs ${range(values)}` },
      values,
    ),
  ];
}

export const start: Benchmark = { name: "start", measure };
