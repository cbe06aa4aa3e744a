/** Maps the whole ledger again, on a database of a test. */

import { reindex } from "../../lib/indexer/reindex.ts";
import { RecordRemapper } from "../../lib/indexer/record_remapper.ts";
import type { Mapper } from "../../lib/mapper/content.ts";
import type { Difference } from "../../lib/repository/fold/record_difference.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { Writer } from "../../lib/repository/batch/writer.ts";
import { SMALL_PARTS } from "./small_parts.ts";

export function remapsOn(sql: Sql, mapper: Mapper): RecordRemapper {
  const writer = new Writer({
    mapper,
    consumer: "default",
    connection: () => sql,
    abandon: () => {},
    statementTimeoutMs: 60_000,
    parts: SMALL_PARTS,
    backoff: () => Promise.reject(new Error("the database can't be used")),
    failed: () => {},
    refused: () => {},
  });
  return new RecordRemapper({ database: { sql }, mapper, writer });
}

/** What differs of all records of the mapper's collections; written, or only seen. */
export async function remapAll(sql: Sql, mapper: Mapper, dryRun: boolean): Promise<Difference[]> {
  const remaps = remapsOn(sql, mapper);
  const found: Difference[] = [];
  for (const collection of mapper.collections) {
    await reindex(collection, {
      sql: () => sql,
      remap: (keys, signal) => dryRun ? remaps.inspect(keys) : remaps.write(keys, signal),
      dryRun,
      advanced: (_, differences) => void found.push(...differences),
    }, new AbortController().signal);
  }
  return found;
}
