/** The committed cursor: where the stream is resumed. */

import type { Sql } from "./sql.ts";
import type { CursorUpdate } from "./batch.ts";

/** The cursor of a consumer; null when it has never committed one. */
export async function readCursor(sql: Sql, consumer: string): Promise<CursorUpdate | null> {
  const [row] = await sql<{ cursor: string; time_us: number; source: string }[]>`
    select cursor::text, source,
      (extract(epoch from cursor_time) * 1000000)::float8 as time_us
    from indexer_state where consumer = ${consumer} and source is not null`;
  if (row === undefined) return null;
  return { cursor: Number(row.cursor), timeUs: row.time_us, source: row.source };
}
