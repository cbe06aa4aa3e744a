/** The dead letters for operators: list, show, discard, and select for a retry. */

import type { Asking, Sql } from "../connection/sql.ts";
import type { Commit, Refusal } from "../../decoder/event.ts";
import { isObject, type JsonObject } from "../../decoder/json.ts";
import { isReason } from "../../reason.ts";
import type { Batch } from "../fold/batch.ts";
import { type LetterFilter, matching } from "./letter_filter.ts";
import { inParts } from "../tables/byte_parts.ts";
import { unpackedSize } from "../fold/record_queries.ts";

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
    where id in (select i::bigint from json_array_elements_text(${
    JSON.stringify(ids)
  }::text::json) as i)
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
    where id in (select i::bigint from json_array_elements_text(${
    JSON.stringify(ids)
  }::text::json) as i)`;
  return new Map(rows.map(({ id, ...state }) => [id, state]));
}

/**
 * Takes the letters whose next attempt is due, oldest first, and postpones that attempt, so that one that
 * fails with the process, or runs on another instance, is not repeated at once. Returns their ids.
 */
export async function takeDueLetters(sql: Asking, limit: number): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    update dead_letters as t set next_attempt_at =
      now() + least(interval '1 minute' * pg_catalog.power(2, t.attempts + 1), interval '1 day')
    from (select id from dead_letters
      where resolved_at is null and next_attempt_at <= now()
      order by next_attempt_at limit ${limit} for update skip locked) as due
    where t.id = due.id
    returning t.id::float8 as id`;
  return rows.map(({ id }) => id);
}

/** Open letters in parts whose payloads together are small enough for one retry. */
export async function letterParts(
  sql: Sql,
  ids: readonly number[],
): Promise<readonly (readonly number[])[]> {
  const rows = await sql<{ id: number; bytes: number }[]>`
    select id::float8 as id, ${sql.unsafe(unpackedSize("payload"))} as bytes
    from dead_letters
    where id in (select i::bigint from json_array_elements_text(${
    JSON.stringify(ids)
  }::text::json) as i)
      and resolved_at is null and did is not null and payload is not null
    order by rev collate "C"`;
  return inParts(rows).map((part) => part.map(({ id }) => id));
}

/** A batch that retries open letters. Letters with only an excerpt can't be retried and are left out. */
export async function retryBatch(sql: Sql, ids: readonly number[]): Promise<Batch> {
  const rows = await sql<LetterRow[]>`
    select id::float8 as id, did, collection, rkey, rev, payload from dead_letters
    where id in (select i::bigint from json_array_elements_text(${
    JSON.stringify(ids)
  }::text::json) as i)
      and resolved_at is null and rkey is not null and payload is not null
    order by rev collate "C"`;
  return {
    id: crypto.randomUUID(),
    events: rows.map(commitOf),
    cursor: null,
    letters: rows.map(({ id }) => id),
    fromSource: false,
    lease: null,
  };
}

interface LetterRow {
  id: number;
  did: string;
  collection: string;
  rkey: string;
  rev: string;
  payload: JsonObject;
}

function commitOf({ did, collection, rkey, rev, payload }: LetterRow): Commit {
  const record = isObject(payload["record"]) ? payload["record"] : null;
  const refusal = refusalOf(payload) ??
    (record === null
      ? { reason: "invalid_record" as const, detail: "nothing is kept of it" }
      : null);
  const timeUs = Number(payload["time_us"] ?? 0);
  return {
    kind: "commit",
    did,
    collection,
    rkey,
    rev,
    operation: "update",
    cid: typeof payload["cid"] === "string" ? payload["cid"] : null,
    record: refusal === null ? record : null,
    remains: refusal === null ? null : record,
    refusal,
    // A retry does not go through the queue.
    size: 0,
    position: { cursor: 0, timeUs },
  };
}

function refusalOf(payload: JsonObject): Refusal | null {
  const refusal = payload["refusal"];
  if (!isObject(refusal) || typeof refusal["reason"] !== "string") return null;
  const reason = refusal["reason"];
  return {
    reason: isReason(reason) ? reason : "invalid_record",
    detail: String(refusal["detail"] ?? ""),
  };
}
