/** The records of a collection in the ledger, page by page. */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Sql } from "../connection/sql.ts";

/** The last record of the previous page. */
export type KeyPosition = Pick<RecordKey, "did" | "rkey">;

export const FIRST_KEY: KeyPosition = { did: "", rkey: "" };

/** The records after a position that are not deleted, in index order. */
export async function ledgerKeys(
  sql: Sql,
  collection: string,
  after: KeyPosition,
  limit: number,
): Promise<RecordKey[]> {
  const keys = await sql<KeyPosition[]>`
    select did, rkey from records
    where did >= ${after.did} and (did, rkey) > (${after.did}, ${after.rkey})
      and collection = ${collection} and state <> 'deleted'
    order by did, collection, rkey limit ${limit}`;
  return keys.map(({ did, rkey }) => ({ did, collection, rkey }));
}
