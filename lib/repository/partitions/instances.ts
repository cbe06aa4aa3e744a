/** Which instances share the partitions of a consumer: each reports every second. */

import type { Sql } from "../connection/sql.ts";

export interface Instance {
  readonly holder: string;
  /** Whether it holds fewer partitions than its share. */
  readonly wants: boolean;
}

/** The sharing instances, and the free partitions. */
export interface Sharers {
  readonly partitions: number;
  /** All live instances, including this one, by id. */
  readonly instances: readonly Instance[];
  /** Partitions without a holder. */
  readonly free: readonly number[];
}

/** An instance is removed after this many leases without a report. */
const FORGOTTEN_AFTER = 10;

/** Reports this instance, and returns the others. */
export async function meet(
  sql: Sql,
  consumer: string,
  { holder, wants }: Instance,
  leaseMs: number,
): Promise<Sharers> {
  return await sql.begin(async (tx) => {
    const lease = `${leaseMs} milliseconds`;
    await tx`insert into instances (consumer, holder, seen_at, wants)
      values (${consumer}, ${holder}, clock_timestamp(), ${wants})
      on conflict (consumer, holder) do update set seen_at = excluded.seen_at, wants = excluded.wants`;
    const [[division], instances, rows] = await Promise.all([
      tx<{ partitions: number }[]>`
        select coalesce((select partitions from partitioning), 1) as partitions`,
      tx<Instance[]>`select holder, wants from instances where consumer = ${consumer}
        and abs(extract(epoch from clock_timestamp() - seen_at)) * 1000 < ${leaseMs} order by holder`,
      tx<{ partition: number; free: boolean }[]>`
        select partition, (lease_until is null or lease_until <= clock_timestamp()
          or lease_until > clock_timestamp() + lease_ms * interval '1 millisecond') as free
        from indexer_state where consumer = ${consumer}`,
      tx`delete from instances where consumer = ${consumer}
        and seen_at < clock_timestamp() - ${lease}::text::interval * ${FORGOTTEN_AFTER}::int`,
    ]);
    const partitions = division?.partitions ?? 1;
    const held = new Set(rows.filter(({ free }) => !free).map(({ partition }) => partition));
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    return { partitions, instances, free: all.filter((partition) => !held.has(partition)) };
  });
}

/** Removes this instance. */
export async function leave(sql: Sql, consumer: string, holder: string): Promise<void> {
  await sql`delete from instances where consumer = ${consumer} and holder = ${holder}`;
}
