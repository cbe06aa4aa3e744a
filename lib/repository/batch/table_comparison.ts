/** Compares ledger records with the product tables. Changes nothing. */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import type { Difference } from "../fold/record_difference.ts";
import { WorkingSet } from "../fold/working_set.ts";
import { Loader } from "../fold/loader.ts";
import { remapped } from "../fold/remapping.ts";
import type { Sql } from "../connection/sql.ts";
import { planSettings } from "./transaction.ts";

/** The differences of some records in one snapshot. Batches can commit during the comparison. */
export async function inspect(
  sql: Pick<Sql, "snapshot">,
  mapper: Mapper,
  keys: readonly RecordKey[],
): Promise<Difference[]> {
  return await sql.snapshot(async (tx) => {
    await tx`select ${planSettings(tx)}`;
    const refusals = new Map();
    const workingSet = new WorkingSet(mapper.decided);
    const loader = new Loader(tx, workingSet, mapper, refusals, 0);
    const differences: Difference[] = [];
    for await (const part of remapped(tx, workingSet, loader, { mapper, refusals }, keys)) {
      differences.push(...part.map(({ difference }) => difference));
    }
    return differences;
  });
}
