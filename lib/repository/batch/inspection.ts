/** Compares ledger records with the product tables. Changes nothing. */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import type { Difference } from "../fold/record_difference.ts";
import { WorkingSet } from "../fold/working_set.ts";
import { Loader } from "../fold/loader.ts";
import { remapped } from "../fold/remapping.ts";
import type { Sql } from "../connection/sql.ts";
import { holdBatches, steadyPlans } from "./transaction.ts";

/** The differences of some records. No batch commits during the comparison. */
export async function inspect(
  sql: Sql,
  mapper: Mapper,
  keys: readonly RecordKey[],
): Promise<Difference[]> {
  return await sql.begin(async (tx) => {
    await Promise.all([tx`select ${steadyPlans(tx)}`, holdBatches(tx)]);
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
