/** Accounts that the stream reported as deleted and whose sources did not confirm it yet. */

import type { Sql } from "../connection/sql.ts";

/** An entry of the queue that waited too long for an answer. */
export interface OverdueDeletion {
  readonly did: string;
  readonly requestedAt: string;
}

export interface UnconfirmedDeletion {
  /** The time of the deletion in the stream, Unix microseconds. */
  readonly atUs: number;
  /**
   * The time of the newest record that is held. It can be later than the deletion: records that a reconcile
   * read have the time of the reading, and the stream may lag.
   */
  readonly heldUntilUs: number;
}

/** Null: the account is not deleted, or its deletion is confirmed. */
export async function unconfirmedDeletion(
  sql: Sql,
  did: string,
): Promise<UnconfirmedDeletion | null> {
  const [row] = await sql<UnconfirmedDeletion[]>`
    select (extract(epoch from account_time) * 1000000.0)::float8 as "atUs",
      (extract(epoch from greatest(account_time,
        (select max(event_time) from records as r where r.did = a.did))) * 1000000.0)::float8
        as "heldUntilUs"
    from accounts as a
    where did = ${did} and not active and status = 'deleted'
      and (purged_until is null or purged_until < account_time)`;
  return row ?? null;
}

/** Some deletions that were reported more than so many days ago. */
export async function overdueDeletions(
  sql: Sql,
  days: number,
  limit: number,
): Promise<OverdueDeletion[]> {
  return await sql<OverdueDeletion[]>`
    select did, requested_at::text as "requestedAt" from reconciles
    where next_attempt_at is not null and reason = 'deletion'
      and requested_at < now() - ${days} * interval '1 day'
    order by requested_at limit ${limit}`;
}
