/**
 * What our sessions wait for, and which sessions hold the lock. Any role may query it; it takes no lock
 * itself.
 */

import type { Sql } from "../connection/sql.ts";

/** A session that holds the lock, or is ahead of us in its queue. */
export interface LockHolder {
  /** 0: a prepared transaction, which has no session any more. */
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  /** `idle in transaction`, `active`, …; null when our role may not see it. */
  readonly state: string | null;
  /** When its transaction began; null when our role may not see it. */
  readonly since: Date | null;
  /** Whether it waits for another session of the list. */
  readonly waits: boolean;
}

export interface LockWait {
  /** The waiting session. */
  readonly pid: number;
  /** What is locked, in words. */
  readonly what: string;
  /** First those that wait for nobody: ending them ends the wait. */
  readonly holders: readonly LockHolder[];
}

/** More would fill the page without telling more. */
const MOST_HOLDERS = 5;

interface Row extends LockHolder {
  readonly waiting: number;
  readonly locktype: string;
  readonly relation: string | null;
}

/**
 * The sessions that block the given ones. Null: none are blocked. `state` and `since` of other sessions need
 * a role that may read all statistics; their ids are visible to everybody.
 */
export async function findLockWait(sql: Sql, pids: readonly number[]): Promise<LockWait | null> {
  // As text, because the driver has no array type. Behind a queue of waiting sessions is the holder.
  const rows = await sql<Row[]>`
    with recursive ours as (
      select w.pid, w.locktype, coalesce(w.relation, t.relation)::regclass::text as relation
      from pg_locks w
        left join pg_locks t on t.pid = w.pid and t.locktype = 'tuple' and t.granted
      where not w.granted and w.pid in (
        select p::int from json_array_elements_text(${JSON.stringify(pids)}::text::json) as p)
      limit 1
    ), chain (pid, depth) as (
      select b.pid, 1 from ours, pg_catalog.unnest(pg_blocking_pids(ours.pid)) as b (pid)
      union
      select b.pid, depth + 1 from chain, pg_catalog.unnest(pg_blocking_pids(chain.pid)) as b (pid)
      where depth < 5
    )
    select ours.pid as waiting, locktype, relation, holder.pid, usename::text as "user",
      application_name as application, state, xact_start as since,
      cardinality(pg_blocking_pids(holder.pid)) > 0 as waits
    from ours, (select distinct pid from chain) as holder
      left join pg_stat_activity a on a.pid = holder.pid
    order by waits, holder.pid limit ${MOST_HOLDERS}`;
  const [first] = rows;
  if (first === undefined) return null;
  return {
    pid: first.waiting,
    what: whatIsLocked(first),
    holders: rows.map(({ pid, user, application, state, since, waits }) => ({
      pid,
      user,
      application,
      state,
      since,
      waits,
    })),
  };
}

function whatIsLocked({ locktype, relation }: Row): string {
  switch (locktype) {
    case "relation":
      return `the table ${relation}`;
    case "advisory":
      return "the lock that one writer at a time holds";
    default:
      // A row lock is awaited through the transaction that changed the row.
      return relation === null ? "a row that another transaction changed" : `a row of ${relation}`;
  }
}
