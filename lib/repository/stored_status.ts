/** What the tables say for the status page. */

import type { Sql } from "./sql.ts";

/** Counting the whole ledger reads all of it, so the counts are kept for so long. */
const COUNTS_FOR_MS = 60_000;

const SCENE_LIMIT = 1_000;

export type StateCounts = Readonly<Record<string, number>>;

export interface CollectionCounts {
  readonly collection: string;
  readonly states: StateCounts;
}

export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/** Answers from short-lived counts; everything else is read from small indexes. */
export class StatusTables {
  readonly #consumer: string;
  readonly #now: () => number;
  #counts: { readonly at: number; readonly collections: readonly CollectionCounts[] } | null = null;

  constructor(consumer: string, now: () => number) {
    this.#consumer = consumer;
    this.#now = now;
  }

  /** Records by collection and state, at most a minute old. */
  async collections(sql: Sql): Promise<readonly CollectionCounts[]> {
    const now = this.#now();
    if (this.#counts !== null && now - this.#counts.at < COUNTS_FOR_MS) {
      return this.#counts.collections;
    }
    const rows = await sql<{ collection: string; state: string; count: number }[]>`
      select collection, state, count(*)::float8 as count from records group by 1, 2 order by 1, 2`;
    const byName = new Map<string, Map<string, number>>();
    for (const { collection, state, count } of rows) {
      const states = byName.get(collection) ?? new Map<string, number>();
      byName.set(collection, states.set(state, count));
    }
    const collections = [...byName].map(([collection, states]) => ({
      collection,
      states: Object.fromEntries(states),
    }));
    this.#counts = { at: now, collections };
    return collections;
  }

  async cursor(
    sql: Sql,
  ): Promise<
    { cursor: number; timeUs: number | null; source: string | null; savedAt: Date } | null
  > {
    const [row] = await sql<
      { cursor: number; timeUs: number | null; source: string | null; savedAt: Date }[]
    >`
      select cursor::float8 as cursor, source, last_updated as "savedAt",
        (extract(epoch from cursor_time) * 1000000)::float8 as "timeUs"
      from indexer_state where consumer = ${this.#consumer}`;
    return row ?? null;
  }

  /** Waiting records by reason. */
  async waiting(sql: Sql): Promise<readonly ReasonCount[]> {
    return await sql<ReasonCount[]>`
      select coalesce(reason, 'parent_missing') as reason, count(*)::float8 as count
      from records where waiting_for is not null group by 1 order by 2 desc`;
  }

  /** Open dead letters by reason. */
  async deadLetters(sql: Sql): Promise<readonly ReasonCount[]> {
    return await sql<ReasonCount[]>`
      select reason, count(*)::float8 as count from dead_letters where resolved_at is null
      group by 1 order by 2 desc`;
  }

  /** Scenes that anybody may find, with the point that a map may show. */
  async scenes(
    sql: Sql,
  ): Promise<readonly { id: string; name: string; lat: number; lng: number }[]> {
    return await sql<{ id: string; name: string; lat: number; lng: number }[]>`
      select id::text, name, st_y(display_point::geometry) as lat, st_x(display_point::geometry) as lng
      from scenes where deleted_at is null and display_point is not null and visibility = 'public'
      limit ${SCENE_LIMIT}`;
  }
}
