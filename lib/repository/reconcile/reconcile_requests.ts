/**
 * Queues repositories to compare with their source: one row per repository, so that none is queued twice.
 */

import type { Sql, TransactionSql } from "../connection/sql.ts";

/**
 * Why a repository is compared: its owner rebuilt it, its account came back or was reported as deleted,
 * events may be missing, the last comparison is too old, an operator requested it, or the index is rebuilt.
 */
export type ReconcileReason =
  | "sync"
  | "reactivated"
  | "deletion"
  | "events_missing"
  | "periodic"
  | "asked"
  | "rebuild";

/** A deletion that waits for its source's answer keeps waiting, whatever else is requested meanwhile. */
const STAYS = `t.reason = 'deletion' and t.next_attempt_at is not null
    and excluded.reason not in ('deletion', 'reactivated')`;

/** Another request makes the repository due at once. The stored row is `t`. */
export const ON_REQUEST = `on conflict (did) do update set
  reason = case when ${STAYS} then t.reason else excluded.reason end,
  requested_at = case when ${STAYS} then t.requested_at else excluded.requested_at end,
  next_attempt_at = excluded.next_attempt_at, attempts = 0`;

export async function requestReconciles(
  sql: Sql | TransactionSql,
  dids: readonly string[],
  reason: ReconcileReason,
): Promise<void> {
  await sql`insert into reconciles as t (did, reason)
    select distinct d, ${reason} from json_array_elements_text(${
    JSON.stringify(dids)
  }::text::json) as d
    ${sql.unsafe(ON_REQUEST)}`;
}

/** Queues the repositories that were never queued before. Returns how many. */
export async function requestNew(
  sql: Sql,
  dids: readonly string[],
  reason: ReconcileReason,
): Promise<number> {
  const { count } = await sql`insert into reconciles (did, reason)
    select distinct d, ${reason} from json_array_elements_text(${
    JSON.stringify(dids)
  }::text::json) as d
    on conflict (did) do nothing`;
  return count;
}

/** Queues every repository with stored records. Returns how many. */
export async function requestAll(sql: Sql, reason: ReconcileReason): Promise<number> {
  const { count } = await sql`insert into reconciles as t (did, reason)
    select did, ${reason} from accounts where known_since is not null ${sql.unsafe(ON_REQUEST)}`;
  return count;
}

/**
 * Queues up to `limit` repositories that were not compared within `days` days. Those that are queued already
 * stay as they are.
 */
export async function requestStale(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`insert into reconciles as t (did, reason)
    select a.did, 'periodic' from accounts as a left join reconciles as r using (did)
    where a.known_since is not null and r.next_attempt_at is null
      and coalesce(r.finished_at, r.requested_at, '-infinity') < now() - ${days} * interval '1 day'
    order by coalesce(r.finished_at, r.requested_at) nulls first limit ${limit}
    ${sql.unsafe(ON_REQUEST)}`;
  return count;
}
