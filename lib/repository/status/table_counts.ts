/** Counts of the tables, for gauges, the status page and the summary. */

import type { Sql } from "../connection/sql.ts";

/** Numbers of records that wait for a parent, and of open dead letters. */
export interface OpenCounts {
  readonly waitingRecords: number;
  readonly openDeadLetters: number;
  /** Number of notes between partitions, and the age of the oldest. */
  readonly notes: number;
  readonly notesSeconds: number;
}

export interface CountOptions {
  readonly timeoutMs: number;
  /** Called with the session that runs the query. */
  readonly session: (pid: number) => void;
}

/** Both counts come from small partial indexes. */
export async function openCounts(
  sql: Sql,
  { timeoutMs, session }: CountOptions,
): Promise<OpenCounts> {
  return await sql.begin(async (tx) => {
    const prepared = tx<{ pid: number }[]>`
      select pg_backend_pid() as pid, set_config('statement_timeout', ${String(timeoutMs)}, true)`
      .then(([row]) => row !== undefined && session(row.pid));
    const counted = tx<OpenCounts[]>`select
      (select count(*)::float8 from records where waiting_for is not null) as "waitingRecords",
      (select count(*)::float8 from dead_letters where resolved_at is null) as "openDeadLetters",
      (select count(*)::float8 from mailbox) as notes,
      (select coalesce(extract(epoch from clock_timestamp() - min(written_at)), 0)::float8
        from mailbox) as "notesSeconds"`;
    const [[row]] = await Promise.all([counted, prepared]);
    return row ?? { waitingRecords: 0, openDeadLetters: 0, notes: 0, notesSeconds: 0 };
  });
}

/** The product tables, in an order that satisfies references between them. */
export const LIVE_TABLES = [
  "scenes",
  "events",
  "posts",
  "alliances",
  "memberships",
  "stream_sessions",
] as const;

/** Live rows of each product table, and ledger records that are applied or unmapped. */
export async function liveCounts(sql: Sql): Promise<Record<string, number>> {
  const parts = LIVE_TABLES.map((table) =>
    `(select count(*)::float8 from ${table} where deleted_at is null) as ${table}`
  );
  const [row] = await sql.unsafe<Record<string, number>[]>(`select ${parts.join(", ")},
    (select count(*)::float8 from records where state in ('applied', 'unmapped')) as records`);
  return { ...row };
}
