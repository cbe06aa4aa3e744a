/** The dead letters for operators: list, show, discard, and select for a retry. */

import type { Asking, Sql } from "../connection/sql.ts";
import type { JsonObject } from "../../decoder/json.ts";
import { type DeadLetterFilter, idIn, matching } from "./dead_letter_filter.ts";

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

export interface DeadLetterQuery extends DeadLetterFilter {
  /** At most this many, newest first. */
  readonly limit: number;
  /** Only ids below this one: the next page. */
  readonly before?: number;
}

const COLUMNS = `id::float8 as id, reason, detail, did, collection, rkey, rev, attempts,
  next_attempt_at as "nextAttemptAt", created_at as "createdAt", resolved_at as "resolvedAt",
  resolution`;

/** Dead letters, newest first. */
export async function listDeadLetters(sql: Sql, query: DeadLetterQuery): Promise<DeadLetter[]> {
  const { limit, before } = query;
  return await sql<DeadLetter[]>`
    select ${sql.unsafe(COLUMNS)} from dead_letters
    where ${matching(sql, query)} ${before === undefined ? sql`` : sql`and id < ${before}`}
    order by id desc limit ${limit}`;
}

/** How many dead letters match a filter. */
export async function countDeadLetters(sql: Sql, filter: DeadLetterFilter): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::float8 as count from dead_letters where ${matching(sql, filter)}`;
  return row?.count ?? 0;
}

/** One dead letter with its payload; null when there is none. */
export async function showDeadLetter(
  sql: Sql,
  id: number,
): Promise<(DeadLetter & { readonly payload: JsonObject | null }) | null> {
  const [row] = await sql<(DeadLetter & { payload: JsonObject | null })[]>`
    select ${sql.unsafe(COLUMNS)}, payload from dead_letters where id = ${id}`;
  return row ?? null;
}

/** Closes open dead letters for good, without applying them. Returns how many. */
export function discardDeadLetters(sql: Sql, ids: readonly number[]): Promise<number> {
  return resolveDeadLetters(sql, ids, "discarded");
}

/**
 * Closes open dead letters. After a retry also those that the retry's own transaction superseded. Returns how
 * many.
 */
export async function resolveDeadLetters(
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

/** Ids of the open dead letters that match a filter, oldest first. */
export async function openDeadLetterIds(
  sql: Sql,
  filter: DeadLetterFilter,
  limit: number,
): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    select id::float8 as id from dead_letters
    where ${matching(sql, { ...filter, state: "open" })}
    order by id limit ${limit}`;
  return rows.map(({ id }) => id);
}

export interface DeadLetterState {
  readonly reason: string;
  readonly detail: string;
  /** Null: open. */
  readonly resolution: string | null;
  /** Whether enough was kept for a retry. */
  readonly isRetriable: boolean;
}

/** The state of dead letters, by id. */
export async function deadLetterStates(
  sql: Sql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, DeadLetterState>> {
  const rows = await sql<(DeadLetterState & { id: number })[]>`
    select id::float8 as id, reason, detail, resolution,
      did is not null and rkey is not null and payload is not null as "isRetriable"
    from dead_letters
    where ${idIn(sql, ids)}`;
  return new Map(rows.map(({ id, ...state }) => [id, state]));
}
