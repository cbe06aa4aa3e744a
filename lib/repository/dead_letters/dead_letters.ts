/** The dead letters for operators: list, show, discard, and select for a retry. */

import type { Asking, Sql } from "../connection/sql.ts";
import type { JsonObject } from "../../decoder/json.ts";
import { idIn, type LetterFilter, matching } from "./letter_filter.ts";

/** A dead letter without its payload. */
export interface DeadLetter {
  readonly id: number;
  readonly reason: string;
  readonly detail: string;
  readonly did: string | null;
  readonly collection: string | null;
  readonly rkey: string | null;
  readonly rev: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly createdAt: Date;
  readonly resolvedAt: Date | null;
  readonly resolution: string | null;
}

export interface LetterQuery extends LetterFilter {
  /** At most this many, newest first. */
  readonly limit: number;
  /** Only ids below this one: the next page. */
  readonly before?: number;
}

const COLUMNS = `id::float8 as id, reason, detail, did, collection, rkey, rev, attempts,
  next_attempt_at as "nextAttemptAt", created_at as "createdAt", resolved_at as "resolvedAt",
  resolution`;

/** Letters, newest first. */
export async function listLetters(sql: Sql, query: LetterQuery): Promise<DeadLetter[]> {
  const { limit, before } = query;
  return await sql<DeadLetter[]>`
    select ${sql.unsafe(COLUMNS)} from dead_letters
    where ${matching(sql, query)} ${before === undefined ? sql`` : sql`and id < ${before}`}
    order by id desc limit ${limit}`;
}

/** How many letters match a filter. */
export async function countLetters(sql: Sql, filter: LetterFilter): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::float8 as count from dead_letters where ${matching(sql, filter)}`;
  return row?.count ?? 0;
}

/** One letter with its payload; null when there is none. */
export async function showLetter(
  sql: Sql,
  id: number,
): Promise<(DeadLetter & { readonly payload: JsonObject | null }) | null> {
  const [row] = await sql<(DeadLetter & { payload: JsonObject | null })[]>`
    select ${sql.unsafe(COLUMNS)}, payload from dead_letters where id = ${id}`;
  return row ?? null;
}

/** Closes open letters for good, without applying them. Returns how many. */
export function discardLetters(sql: Sql, ids: readonly number[]): Promise<number> {
  return resolveLetters(sql, ids, "discarded");
}

/**
 * Closes open letters. After a retry also those that the retry's own transaction superseded. Returns how
 * many.
 */
export async function resolveLetters(
  sql: Asking,
  ids: readonly number[],
  resolution: "retried" | "discarded",
): Promise<number> {
  const { count } = await sql`
    update dead_letters set resolved_at = now(), resolution = ${resolution}, payload = null,
      next_attempt_at = null
    where ${idIn(sql, ids)}
      and (resolved_at is null or (${resolution}::text = 'retried' and resolved_at = now()))`;
  return count;
}

/** Ids of the open letters that match a filter, oldest first. */
export async function openLetters(
  sql: Sql,
  filter: LetterFilter,
  limit: number,
): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    select id::float8 as id from dead_letters
    where ${matching(sql, { ...filter, state: "open" })}
    order by id limit ${limit}`;
  return rows.map(({ id }) => id);
}

export interface LetterState {
  readonly reason: string;
  readonly detail: string;
  /** Null: open. */
  readonly resolution: string | null;
  /** Whether enough was kept for a retry. */
  readonly isRetriable: boolean;
}

/** The state of letters, by id. */
export async function letterStates(
  sql: Sql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, LetterState>> {
  const rows = await sql<(LetterState & { id: number })[]>`
    select id::float8 as id, reason, detail, resolution,
      did is not null and rkey is not null and payload is not null as "isRetriable"
    from dead_letters
    where ${idIn(sql, ids)}`;
  return new Map(rows.map(({ id, ...state }) => [id, state]));
}
