/**
 * A process that repairs the index: maps the whole ledger again (`reindex`), or compares repositories with their source
 * (`reconcile DID…`). Settings come from the environment. It prints the duration.
 */

import { openDatabase } from "../lib/commands/open_database.ts";
import { ownIndexer } from "../lib/commands/own_indexer.ts";
import { readConfig } from "../lib/config.ts";
import { secretsOf } from "../lib/config/secrets.ts";
import type { Indexer } from "../lib/indexer.ts";
import { reindex } from "../lib/indexer/reindex.ts";
import { createLogger } from "../lib/log/logger.ts";
import { COLLECTIONS } from "../lib/mapper/collections/registry.ts";
import type { Database } from "../lib/repository/connection/database.ts";
import { say } from "./processes.ts";

/** Its output at the end. */
export interface Healed {
  /** Records mapped, or repositories compared. */
  readonly count: number;
  /** Records that differed. */
  readonly changed: number;
  readonly ms: number;
}

/** As many as are read from one server at a time. */
const AT_ONCE = 2;

const NEVER = new AbortController().signal;

async function remapAll({ remaps }: Indexer, database: Database): Promise<Omit<Healed, "ms">> {
  let [count, changed] = [0, 0];
  for (const collection of COLLECTIONS) {
    const ended = await reindex(collection, {
      sql: () => database.sql,
      remap: (keys, signal) => remaps.write(keys, signal),
      dryRun: false,
      advanced: () => {},
    }, NEVER);
    count += ended?.done ?? 0;
    changed += ended?.changed ?? 0;
  }
  return { count, changed };
}

async function compareAll(
  { reconciles }: Indexer,
  dids: readonly string[],
): Promise<Omit<Healed, "ms">> {
  let changed = 0;
  const left = [...dids];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let did = left.pop(); did !== undefined; did = left.pop()) {
      const { put, deleted } = await reconciles.one(did, NEVER);
      changed += put + deleted;
    }
  }));
  return { count: dids.length, changed };
}

if (import.meta.main) {
  const [what, list = "[]"] = Deno.args;
  const build = { version: "bench", commit: null, embeddedDatabase: true };
  const config = readConfig(Deno.env.toObject());
  const logger = createLogger({
    level: config.logLevel,
    format: "readable",
    secrets: secretsOf(config),
    write: (line) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`)),
  });
  await using opened = await openDatabase(config, logger, build);
  const indexer = ownIndexer(config, opened.database, logger, build);
  const startedAt = performance.now();
  const done = what === "reindex"
    ? await remapAll(indexer, opened.database)
    : await compareAll(indexer, JSON.parse(list));
  const healed: Healed = { ...done, ms: performance.now() - startedAt };
  say(healed);
}
