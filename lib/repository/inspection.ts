/** Compares records of the ledger with the product tables, and changes nothing. */

import type { RecordKey } from "../mapper/collection.ts";
import type { Mapper } from "../mapper/content.ts";
import type { Difference } from "./difference.ts";
import { World } from "./fold/world.ts";
import { Loader } from "./load.ts";
import { remapped } from "./remapping.ts";
import type { Sql } from "./sql.ts";
import { holdBatches, steadyPlans } from "./transaction.ts";

/** What is different of some records. No batch is committed while it looks. */
export async function inspect(
  sql: Sql,
  mapper: Mapper,
  keys: readonly RecordKey[],
): Promise<Difference[]> {
  return await sql.begin(async (tx) => {
    await Promise.all([tx`select ${steadyPlans(tx)}`, holdBatches(tx)]);
    const refusals = new Map();
    const world = new World(mapper.decided);
    const loader = new Loader(tx, world, mapper, refusals, 0);
    const differences: Difference[] = [];
    for await (const part of remapped(tx, world, loader, { mapper, refusals }, keys)) {
      differences.push(...part.map(({ difference }) => difference));
    }
    return differences;
  });
}
