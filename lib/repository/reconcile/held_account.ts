/** What is stored of an account, before its source is asked. */

import type { Sql } from "../connection/sql.ts";

export interface HeldAccount {
  readonly active: boolean;
  /** Whether the source, not the stream, said last whether it is active. */
  readonly isBySource: boolean;
  /** Records up to this time are removed, Unix microseconds; 0 when there is no such time. */
  readonly purgedUntilUs: number;
}

export async function heldAccount(sql: Sql, did: string): Promise<HeldAccount> {
  const [row] = await sql<HeldAccount[]>`
    select active, account_time is not null and account_source is null and account_seq = 0 as "isBySource",
      (coalesce(extract(epoch from purged_until), 0) * 1000000.0)::float8 as "purgedUntilUs"
    from accounts where did = ${did}`;
  return row ?? { active: true, isBySource: false, purgedUntilUs: 0 };
}
