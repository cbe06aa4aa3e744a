/** The records of a collection in the ledger, page by page. */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Sql } from "../connection/sql.ts";
import type { MappedRecords } from "./mappings.ts";

export const FIRST_KEY: RecordKey = { did: "", collection: "", rkey: "" };

/** The records after a position that are not deleted, in index order. `after`: the last record of the previous page. */
export async function ledgerKeys(
  sql: Sql,
  { nsid, except }: Pick<MappedRecords, "nsid" | "except">,
  after: RecordKey,
  limit: number,
): Promise<RecordKey[]> {
  const wanted = except === undefined ? sql`collection = ${nsid}` : sql`collection not in
    (select e collate "C" from json_array_elements_text(${
    JSON.stringify(except)
  }::text::json) as e)`;
  const keys = await sql<RecordKey[]>`
    select did, collection, rkey from records
    where did >= ${after.did} and (did, collection, rkey) > (${after.did}, ${after.collection}, ${after.rkey})
      and ${wanted} and state <> 'deleted'
    order by did, collection, rkey limit ${limit}`;
  return keys.map(({ did, collection, rkey }) => ({ did, collection, rkey }));
}
