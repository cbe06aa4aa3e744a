/** The committed cursor: where the stream is resumed. */

import { isoFromMicros } from "../../micros.ts";
import type { Batch, CursorUpdate } from "../fold/batch.ts";
import type { Leased } from "../partitions/lease.ts";
import type { Sql, TransactionSql } from "../connection/sql.ts";

/**
 * The cursor of a consumer; null when it has never committed one. No event was received after the row was
 * stored, so a cursor time later than that is wrong and is limited to it.
 */
export async function readCursor(
  sql: Sql,
  consumer: string,
  partition = 0,
): Promise<CursorUpdate | null> {
  const [row] = await sql<PositionRow[]>`
    select partition, ${sql.unsafe(POSITION_COLUMNS)}
    from indexer_state where consumer = ${consumer} and partition = ${partition}`;
  return row === undefined ? null : positionOfRow(row);
}

/** A position as stored in the database. */
export interface PositionRow {
  readonly partition: number;
  readonly cursor: string;
  readonly time_us: number;
  /** Null: nothing is stored. */
  readonly source: string | null;
  readonly mark: string | null;
}

export const POSITION_COLUMNS = `cursor::text, source, cursor_mark as mark,
  (extract(epoch from least(cursor_time, last_updated)) * 1000000.0)::float8 as time_us`;

export function positionOfRow(
  { cursor, time_us: timeUs, source, mark }: PositionRow,
): CursorUpdate | null {
  if (source === null) return null;
  return { cursor: Number(cursor), timeUs, source, ...(mark === null ? {} : { mark }) };
}

/**
 * Records the batch, renews its lease and advances the cursor, unless the stored cursor is ahead by number
 * and time. A lower number with a later time comes from an instance that restarted its numbering. Between
 * servers that number by time, the cursor is replaced as it is.
 */
export async function moveCursor(
  tx: TransactionSql,
  { id, cursor, lease }: Pick<Batch, "id" | "cursor" | "lease">,
  { consumer, partition }: Leased,
): Promise<void> {
  const leaseMs = lease?.ms ?? null;
  const renewed = tx`lease_until = coalesce(
    clock_timestamp() + ${leaseMs}::int * interval '1 millisecond', s.lease_until)`;
  if (cursor === null) {
    await tx`insert into indexer_state as s (consumer, partition, batch)
      values (${consumer}, ${partition}, ${id})
      on conflict (consumer, partition) do update set batch = excluded.batch, ${renewed}`;
    return;
  }
  // Selected as text: the driver turns a timestamptz into a Date, which has no microseconds.
  await tx`insert into indexer_state as s (consumer, partition, cursor, cursor_time, cursor_mark, source, batch)
    values (${consumer}, ${partition}, ${cursor.cursor}, ${
    isoFromMicros(cursor.timeUs)
  }::text::timestamptz,
      ${cursor.mark ?? null}, ${cursor.source}, ${id})
    on conflict (consumer, partition) do update set
      (cursor, cursor_time, cursor_mark, source) = (
        select case when further then excluded.cursor else s.cursor end,
          case when further then excluded.cursor_time else s.cursor_time end,
          case when further then excluded.cursor_mark else s.cursor_mark end,
          excluded.source
        from (select s.source is distinct from excluded.source or s.cursor_time is null
          or s.cursor >= 1000000000000000 or excluded.cursor >= s.cursor
          or excluded.cursor_time > s.cursor_time as further) as judged),
      batch = excluded.batch, last_updated = now(), ${renewed}`;
}
