/** Waits until the tables of several partitions are at rest. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";

/** Longer than any successful wait of a test. */
const HANG_MS = 120_000;

/** The last position up to which some of a stream was sent: a frame that makes no sense has none. */
export function reached(frames: readonly string[], sent: number): number {
  for (let at = sent; at > 0; at--) {
    try {
      if (JSON.parse(frames[at - 1] ?? "")["cursor"] === at) return at;
    } catch {
      // It is one of those.
    }
  }
  return 0;
}

/** Waits until a condition of the database holds. */
export async function until(sql: Sql, condition: string, what: string): Promise<void> {
  const end = performance.now() + HANG_MS;
  while (performance.now() < end) {
    const [row] = await sql.unsafe<{ holds: boolean }[]>(`select (${condition}) as holds`);
    if (row?.holds) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const rows = await sql`select partition, cursor, holder, epoch, lease_until,
    clock_timestamp() as now, (select count(*) from mailbox) as notes from indexer_state`;
  throw new Error(`never: ${what}\n${JSON.stringify(rows)}`);
}

/** All partitions have come to a position, and no note is left. */
export async function atRest(sql: Sql, cursor: number, partitions: number): Promise<void> {
  await until(
    sql,
    `select count(*) filter (where cursor >= ${cursor}) = ${partitions} and not exists (select from mailbox)
      from indexer_state where partition < ${partitions}`,
    `all ${partitions} partitions are at ${cursor}`,
  );
}
