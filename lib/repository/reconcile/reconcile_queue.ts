/** Takes repositories from the queue of those to compare with their source, and stores the results. */

import type { Sql } from "../connection/sql.ts";
import type { ReconcileReason } from "./reconcile_requests.ts";

export interface DueReconcile {
  readonly did: string;
  readonly reason: ReconcileReason;
  /** Failed attempts in a row. */
  readonly attempts: number;
  /** Tells this request from a later one. */
  readonly requestedAt: string;
  /** The age of the request, days. */
  readonly ageDays: number;
}

/** The result of a comparison. */
export interface ReconcileResult {
  readonly host: string;
  readonly rev: string;
  /** Whether the owner's signature was verified. */
  readonly verified: boolean;
  /** Records of wanted collections at the source. */
  readonly records: number;
  /** Records that the index lacked or had differently. */
  readonly put: number;
  /** Records that the index had and the source has not. */
  readonly deleted: number;
}

export interface ReconcileCounts {
  /** Repositories that are due, now or later. */
  readonly queued: number;
  /** Those whose last attempt failed. */
  readonly failing: number;
  /** How long the oldest due repository has waited, seconds. */
  readonly oldestSeconds: number;
}

/** Repositories that a rebuild queued. */
export interface FillCounts {
  readonly done: number;
  readonly left: number;
  /** Could not be read yet: retried later, or not at all. */
  readonly failing: number;
}

export async function countFill(sql: Sql): Promise<FillCounts> {
  const [row] = await sql<FillCounts[]>`
    select count(*) filter (where failure is null and next_attempt_at is null)::float8 as done,
      count(*) filter (where failure is null and next_attempt_at is not null)::float8 as left,
      pg_catalog.count(failure)::float8 as failing
    from reconciles where reason = 'rebuild'`;
  return row ?? { done: 0, left: 0, failing: 0 };
}

/**
 * Takes the due repositories, oldest first, except those of busy hosts. One that neither finishes nor fails
 * is due again after `holdMs`.
 */
export async function takeDueReconciles(
  sql: Sql,
  limit: number,
  holdMs: number,
  busyHosts: readonly string[] = [],
): Promise<DueReconcile[]> {
  return await sql<DueReconcile[]>`
    update reconciles as r set next_attempt_at = now() + ${holdMs} * interval '1 millisecond'
    from (select did from reconciles where next_attempt_at <= now()
        and (host is null or host not in (
          select h from json_array_elements_text(${JSON.stringify(busyHosts)}::text::json) as h))
      order by next_attempt_at limit ${limit} for update skip locked) as due
    where r.did = due.did
    returning r.did, r.reason, r.attempts, r.requested_at::text as "requestedAt",
      (extract(epoch from now() - r.requested_at) / 86400)::float8 as "ageDays"`;
}

/** Stores the result. A request that came meanwhile stays due. */
export async function finishReconcile(
  sql: Sql,
  { did, requestedAt }: DueReconcile,
  { host, rev, verified, records, put, deleted }: ReconcileResult,
): Promise<void> {
  await sql`update reconciles set
      next_attempt_at = case when requested_at = ${requestedAt}::text::timestamptz then null else now() end,
      attempts = 0, failure = null, detail = null, finished_at = now(),
      host = ${host}, rev = ${rev}, verified = ${verified}, records = ${records}, put = ${put},
      deleted = ${deleted}
    where did = ${did}`;
}

/** Notes that a deletion is settled. A request that came meanwhile stays due. */
export async function finishDeletion(
  sql: Sql,
  { did, requestedAt }: Pick<DueReconcile, "did" | "requestedAt">,
): Promise<void> {
  await sql`update reconciles set
      next_attempt_at = case when requested_at <> ${requestedAt}::text::timestamptz then now() end,
      attempts = 0, failure = null, detail = null, finished_at = now()
    where did = ${did}`;
}

/**
 * Stores the failure. `retryInMs`: null when there is no automatic retry. A request that came meanwhile stays due.
 */
export async function failReconcile(
  sql: Sql,
  { did, requestedAt }: DueReconcile,
  failure: string,
  detail: string,
  retryInMs: number | null,
): Promise<void> {
  await sql`update reconciles set
      next_attempt_at = now() + ${retryInMs}::float8 * interval '1 millisecond',
      attempts = attempts + 1, failure = ${failure}, detail = ${detail}
    where did = ${did} and requested_at = ${requestedAt}::text::timestamptz`;
}

/** Returns a repository that could not be started because its host is busy. */
export async function postponeReconcile(
  sql: Sql,
  { did }: DueReconcile,
  forMs: number,
  host: string | null = null,
): Promise<void> {
  await sql`update reconciles set next_attempt_at = now() + ${forMs} * interval '1 millisecond',
      host = coalesce(${host}, host)
    where did = ${did}`;
}

export async function countReconciles(sql: Sql): Promise<ReconcileCounts> {
  const [row] = await sql<ReconcileCounts[]>`
    select count(*)::float8 as queued, pg_catalog.count(failure)::float8 as failing,
      coalesce(extract(epoch from now() - min(next_attempt_at) filter (where next_attempt_at <= now())), 0)
        ::float8 as "oldestSeconds"
    from reconciles where next_attempt_at is not null`;
  return row ?? { queued: 0, failing: 0, oldestSeconds: 0 };
}
