/** Mapping the ledger again against first ingest, and repositories compared with their source. */

import { LIVE_TABLES } from "../../lib/repository/status/table_counts.ts";
import { Scratch } from "../database.ts";
import type { Healed } from "../healer.ts";
import { deno, startServer } from "../processes.ts";
import type { Repositories } from "../repositories.ts";
import {
  type Benchmark,
  compared,
  type Effort,
  limited,
  median,
  range,
  type Result,
} from "../result.ts";
import { runIndexer, settings } from "../runs.ts";

async function measure(effort: Effort): Promise<readonly Result[]> {
  return [...await reindexed(effort), ...await reconciled(effort)];
}

async function reindexed({ runs, quick }: Effort): Promise<readonly Result[]> {
  const count = quick ? 10_000 : 40_000;
  await using scratch = await Scratch.create("reindex");
  const server = await startServer({ kind: "sample", from: 0, count });
  await using _program = server.program;
  const ingest: number[] = [];
  const same: number[] = [];
  const other: number[] = [];
  for (let run = 0; run < runs; run++) {
    await scratch.empty();
    ingest.push((await runIndexer({ scratch, url: server.url, expected: count })).perSecond);
    await scratch.settle();
    same.push(await perSecond(scratch, 0));
    for (const table of LIVE_TABLES) {
      await scratch.sql.unsafe(`update ${table} set updated_at = updated_at - interval '1 second'`);
    }
    await scratch.settle();
    other.push(await perSecond(scratch, count));
  }
  const row = (name: string, values: readonly number[]): Result => {
    const note = `first ingest; runs ${range(values)}`;
    return compared({ name, unit: "records/s", note }, values, ingest, 1);
  };
  return [row("reindex: nothing differs", same), row("reindex: every row differs", other)];
}

async function perSecond(scratch: Scratch, changed: number): Promise<number> {
  const healed = await heal(scratch, ["reindex"]);
  if (healed.changed !== changed) throw new Error(`${healed.changed} records were otherwise`);
  return healed.count * 1000 / healed.ms;
}

async function reconciled({ runs, quick }: Effort): Promise<readonly Result[]> {
  const accounts = quick ? 100 : 500;
  await using scratch = await Scratch.create("reconcile");
  await using server = deno("repositories.ts", [String(accounts)]);
  const { url, dids, records } = await server.hear<Repositories>();
  const env = { PLC_URL: url, RECONCILE_ALLOW_PRIVATE: "true" };
  const rates: Record<"filled" | "same", number[]> = { filled: [], same: [] };
  for (let run = 0; run < runs; run++) {
    await scratch.empty();
    for (const kind of ["filled", "same"] as const) {
      const healed = await heal(scratch, ["reconcile", JSON.stringify(dids)], env);
      if (healed.changed !== (kind === "filled" ? records : 0)) {
        throw new Error(`${healed.changed} records were otherwise`);
      }
      rates[kind].push(healed.count * 1000 / healed.ms);
    }
  }
  const each = `${records / accounts} records each, two at a time of one server`;
  return [
    limited({
      name: "reconcile: repositories that nothing is held of",
      unit: "repositories/s",
      note: `${each}; ${Math.round(median(rates.filled) * records / accounts)} records/s`,
    }, rates.filled),
    limited({
      name: "reconcile: nothing differs",
      unit: "repositories/s",
      note: each,
    }, rates.same),
  ];
}

async function heal(
  scratch: Scratch,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Healed> {
  const own = { ...settings(scratch, "ws://127.0.0.1:1/subscribe"), ...env };
  await using program = deno("healer.ts", args, own);
  return await program.hear<Healed>();
}

export const healing: Benchmark = { name: "healing", measure };
