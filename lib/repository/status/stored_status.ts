/** The tables' part of the status page. */

import type { Asking } from "../connection/sql.ts";
import type { RecordKey } from "../../mapper/collection.ts";
import type { State } from "../fold/state.ts";
import type { CollectionCounts } from "./ledger_counts.ts";

const SCENE_LIMIT = 1_000;

export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/** Records of one collection that wait for one reason. */
export interface WaitingCount extends ReasonCount {
  readonly collection: string;
}

/** Everything that the status page reads from the database. */
export interface StoredStatus {
  /** Records in the ledger by collection and state. A state without records may be absent. */
  readonly collections: readonly CollectionCounts[];
  /** When the ledger was counted for that. Waiting records are always current. Null: not yet counted. */
  readonly countedAt: Date | null;
  /** Null before the first commit. */
  readonly cursor: StoredCursor | null;
  /** Records that wait for another record. */
  readonly waiting: { readonly total: number; readonly reasons: readonly ReasonCount[] };
  /** Open dead letters. */
  readonly deadLetters: { readonly open: number; readonly reasons: readonly ReasonCount[] };
  /** The newest records, newest first: addresses and present states, never contents. */
  readonly recent: readonly (RecordKey & {
    readonly state: State;
    readonly reason: string | null;
    readonly at: Date;
  })[];
  readonly scenes: readonly ScenePoint[];
}

export interface StoredCursor {
  readonly cursor: number;
  /** Unix microseconds. */
  readonly timeUs: number | null;
  readonly source: string | null;
  readonly savedAt: Date;
}

/** A live public scene and its `display_point`: never another point. */
export interface ScenePoint {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lng: number;
}

/** All queries read small indexes. */
export class StatusTables {
  readonly #sql: Asking;

  constructor(sql: Asking) {
    this.#sql = sql;
  }

  /** Sets the time limit of each other query. */
  async limit(timeoutMs: number): Promise<void> {
    await this.#sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`;
  }

  async cursor(consumer: string): Promise<StoredCursor | null> {
    const [row] = await this.#sql<StoredCursor[]>`
      select cursor::float8 as cursor, source, last_updated as "savedAt",
        (extract(epoch from cursor_time) * 1000000.0)::float8 as "timeUs"
      from indexer_state where consumer = ${consumer}
      order by cursor_time nulls first limit 1`;
    return row ?? null;
  }

  /** Waiting records by collection and reason. */
  async waiting(): Promise<readonly WaitingCount[]> {
    return await this.#sql<WaitingCount[]>`
      select collection, coalesce(reason, 'parent_missing') as reason, count(*)::float8 as count
      from records where waiting_for is not null group by 1, 2 order by 3 desc`;
  }

  /** Open dead letters by reason. */
  async deadLetters(): Promise<readonly ReasonCount[]> {
    return await this.#sql<ReasonCount[]>`
      select reason, count(*)::float8 as count from dead_letters where resolved_at is null
      group by 1 order by 2 desc`;
  }

  /** The current state of the given records. */
  async recent<Key extends RecordKey>(
    addresses: readonly Key[],
  ): Promise<(Key & { readonly state: State; readonly reason: string | null })[]> {
    const keys = addresses.map(({ did, collection, rkey }) => ({ did, collection, rkey }));
    const rows = await this.#sql<(RecordKey & { state: State; reason: string | null })[]>`
      select did, collection, rkey, state, reason
      from json_to_recordset(${JSON.stringify(keys)}::text::json)
          as k (did text, collection text, rkey text)
        join records using (did, collection, rkey)`;
    const found = new Map(rows.map((row) => [addressOf(row), row]));
    return addresses.flatMap((address) => {
      const row = found.get(addressOf(address));
      return row === undefined ? [] : [{ ...address, state: row.state, reason: row.reason }];
    });
  }

  /** Public scenes, with the point that a map may show. */
  async scenes(): Promise<readonly ScenePoint[]> {
    return await this.#sql<ScenePoint[]>`
      select id::text, name, st_y(display_point::geometry) as lat, st_x(display_point::geometry) as lng
      from scenes where deleted_at is null and display_point is not null and visibility = 'public'
      limit ${SCENE_LIMIT}`;
  }
}

/** The counts of all records, with current numbers of waiting ones. */
export function withWaiting(
  collections: readonly CollectionCounts[],
  waiting: readonly WaitingCount[],
): readonly CollectionCounts[] {
  const now = new Map<string, number>();
  for (const { collection, count } of waiting) {
    now.set(collection, (now.get(collection) ?? 0) + count);
  }
  const known = new Set(collections.map(({ collection }) => collection));
  const unknown = [...now.keys()].filter((collection) => !known.has(collection));
  return [...collections, ...unknown.map((collection) => ({ collection, states: {} }))]
    .map(({ collection, states }) => ({
      collection,
      states: { ...states, waiting: now.get(collection) ?? 0 },
    }));
}

export function byReason(waiting: readonly WaitingCount[]): readonly ReasonCount[] {
  const counts = new Map<string, number>();
  for (const { reason, count } of waiting) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return [...counts].map(([reason, count]) => ({ reason, count }))
    .sort((one, other) => other.count - one.count);
}

function addressOf({ did, collection, rkey }: RecordKey): string {
  return `${did}/${collection}/${rkey}`;
}
