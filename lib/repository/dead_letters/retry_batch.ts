/** Which dead letters are retried together, and the batch that retries them. */

import type { Asking, Sql } from "../connection/sql.ts";
import type { Commit, Refusal } from "../../decoder/event.ts";
import { isObject, type JsonObject } from "../../decoder/json.ts";
import { isReason } from "../../reason.ts";
import type { Batch } from "../fold/batch.ts";
import { idIn } from "./dead_letter_filter.ts";
import { inParts } from "../tables/byte_parts.ts";
import { unpackedSize } from "../fold/record_queries.ts";

/**
 * Takes the dead letters whose next attempt is due, oldest first, and postpones that attempt, so that one that
 * fails with the process, or runs on another instance, is not repeated at once. Returns their ids.
 */
export async function takeDueDeadLetters(sql: Asking, limit: number): Promise<number[]> {
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

/** Open dead letters in parts whose payloads together are small enough for one retry. */
export async function deadLetterParts(
  sql: Sql,
  ids: readonly number[],
): Promise<readonly (readonly number[])[]> {
  const rows = await sql<{ id: number; bytes: number }[]>`
    select id::float8 as id, ${sql.unsafe(unpackedSize("payload"))} as bytes
    from dead_letters
    where ${idIn(sql, ids)}
      and resolved_at is null and did is not null and payload is not null
    order by rev collate "C"`;
  return inParts(rows).map((part) => part.map(({ id }) => id));
}

/** A batch that retries open dead letters. Dead letters with only an excerpt can't be retried and are left out. */
export async function retryBatch(sql: Sql, ids: readonly number[]): Promise<Batch> {
  const rows = await sql<DeadLetterRow[]>`
    select id::float8 as id, did, collection, rkey, rev, payload from dead_letters
    where ${idIn(sql, ids)}
      and resolved_at is null and rkey is not null and payload is not null
    order by rev collate "C"`;
  return {
    id: crypto.randomUUID(),
    events: rows.map(commitOf),
    cursor: null,
    deadLetters: rows.map(({ id }) => id),
    fromSource: false,
    lease: null,
  };
}

interface DeadLetterRow {
  id: number;
  did: string;
  collection: string;
  rkey: string;
  rev: string;
  payload: JsonObject;
}

function commitOf({ did, collection, rkey, rev, payload }: DeadLetterRow): Commit {
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
