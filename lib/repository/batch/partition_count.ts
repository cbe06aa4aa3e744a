/**
 * The number of partitions that the DIDs are divided into: stored in the database, changed by one command.
 */

import { isoFromMicros } from "../../micros.ts";
import { type CursorUpdate, leastPosition } from "./position.ts";
import { POSITION_COLUMNS, positionOfRow, type PositionRow } from "./cursor.ts";
import type { Asking, Sql } from "../connection/sql.ts";
import { WRITER_LOCK } from "./transaction.ts";

export async function readPartitions(sql: Asking): Promise<number> {
  const [row] = await sql<{ partitions: number }[]>`
    select coalesce((select partitions from partitioning), 1) as partitions`;
  return row?.partitions ?? 1;
}

/** Sets the number of partitions of an empty index, unless it is set already. Returns the number. */
export async function beginPartitions(sql: Sql, wanted: number): Promise<number> {
  if (wanted > 1) {
    await sql`insert into partitioning (partitions) select ${wanted}
      where not exists (select from indexer_state) and not exists (select from records)
      on conflict do nothing`;
  }
  return await readPartitions(sql);
}

/** The number of partitions can't be changed now. */
export class ResizeError extends Error {
  override readonly name = "ResizeError";
}

/**
 * Changes the number of partitions in one exclusive transaction. Each note is copied to all new partitions,
 * and each partition starts at the least position of the old ones. All leases become void, and their holders
 * learn the new number. Returns the previous number.
 */
export async function resize(sql: Sql, partitions: number): Promise<number> {
  return await sql.begin(async (tx) => {
    await tx`select pg_catalog.pg_advisory_xact_lock(${WRITER_LOCK})`;
    const rows = await tx<(PositionRow & { consumer: string; epoch: number })[]>`
      select consumer, partition, epoch::float8 as epoch, ${tx.unsafe(POSITION_COLUMNS)}
      from indexer_state order by consumer, partition for update`;
    const before = await readPartitions(tx);
    if (before === partitions) return before;
    const consumers = new Map<string, typeof rows[number][]>();
    for (const row of rows.filter(({ partition }) => partition < before)) {
      const known = consumers.get(row.consumer);
      if (known === undefined) consumers.set(row.consumer, [row]);
      else known.push(row);
    }
    await tx`insert into partitioning (partitions) values (${partitions})
      on conflict (only_row) do update set partitions = excluded.partitions`;
    await tx`with old as (delete from mailbox returning did, collection, rkey, was_live, scene_id, user_did)
      insert into mailbox (partition, did, collection, rkey, was_live, scene_id, user_did)
      select p, o.* from (select distinct * from old) as o, generate_series(0, ${
      partitions - 1
    }::int) as p`;
    await tx`delete from indexer_state`;
    for (const [consumer, states] of consumers) {
      const positions = states.map(positionOfRow);
      const known = positions.filter((position) => position !== null);
      if (known.length > 0 && (known.length < positions.length || states.length < before)) {
        throw new ResizeError(
          `cannot change the number of partitions: not every partition of the consumer ${consumer} has a ` +
            `position yet; run its instances until each has, and try again`,
        );
      }
      const epoch = Math.max(...states.map(({ epoch }) => epoch)) + 1;
      await insertStates(tx, consumer, partitions, epoch, leastPosition(known));
    }
    await tx`delete from instances`;
    return before;
  });
}

async function insertStates(
  tx: Asking,
  consumer: string,
  partitions: number,
  epoch: number,
  position: CursorUpdate | null,
): Promise<void> {
  const time = position === null ? null : isoFromMicros(position.timeUs);
  await tx`insert into indexer_state (consumer, partition, epoch, cursor, cursor_time, cursor_mark, source)
    select ${consumer}, p, ${epoch}, ${position?.cursor ?? 0}, ${time}::text::timestamptz,
      ${position?.mark ?? null}, ${position?.source ?? null}
    from generate_series(0, ${partitions - 1}::int) as p`;
}
