/** The repositories that records are stored of, and those records. */

import type { Sql } from "../connection/sql.ts";

export interface HeldRow {
  readonly collection: string;
  readonly rkey: string;
  readonly rev: string;
  readonly cid: string | null;
  readonly deleted: boolean;
}

const PAGE = 5_000;

/** All rows of a repository, tombstones included, in parts. */
export async function* heldRecords(sql: Sql, did: string): AsyncGenerator<HeldRow[]> {
  let after = { collection: "", rkey: "" };
  while (true) {
    const rows = await sql<HeldRow[]>`
      select collection, rkey, rev, cid, state = 'deleted' as deleted from records
      where did = ${did} and (collection, rkey) > (${after.collection}, ${after.rkey})
      order by collection, rkey limit ${PAGE}`;
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last;
  }
}

/** Some repositories with stored records, chosen at random. */
export async function sampleRepositories(sql: Sql, count: number): Promise<string[]> {
  const rows = await sql<{ did: string }[]>`
    select did from accounts where known_since is not null and active order by random() limit ${count}`;
  return rows.map(({ did }) => did);
}
