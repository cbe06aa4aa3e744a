/** The queue of repositories to compare with their source: a row for each, so that none is in it twice. */

import type { Sql, TransactionSql } from "../connection/sql.ts";

/**
 * Why a repository is compared: its owner rebuilt it, its account came back, was said to be deleted, events may be missing, it was a
 * long time ago, an operator asked, or the index is rebuilt.
 */
export type ReconcileReason =
  | "sync"
  | "reactivated"
  | "deletion"
  | "events_missing"
  | "periodic"
  | "asked"
  | "rebuild";

export interface DueReconcile {
  readonly did: string;
  readonly reason: ReconcileReason;
  /** Attempts that failed in a row. */
  readonly attempts: number;
  /** Tells this request from a later one. */
  readonly requestedAt: string;
}

export interface ReconcileResult {
  readonly host: string;
  readonly rev: string;
  readonly verified: boolean;
  readonly records: number;
  readonly put: number;
  readonly deleted: number;
}

export interface ReconcileCounts {
  /** Due, or due later. */
  readonly queued: number;
  /** Those of them whose last attempt failed. */
  readonly failing: number;
  /** How long the oldest that is due has waited, seconds. */
  readonly oldestSeconds: number;
}

/** Who asks again makes it due at once. */
export const ON_REQUEST = `on conflict (did) do update set reason = excluded.reason,
  requested_at = excluded.requested_at, next_attempt_at = excluded.next_attempt_at, attempts = 0`;

export async function requestReconciles(
  sql: Sql | TransactionSql,
  dids: readonly string[],
  reason: ReconcileReason,
): Promise<void> {
  await sql`insert into reconciles (did, reason)
    select distinct d, ${reason} from json_array_elements_text(${
    JSON.stringify(dids)
  }::text::json) as d
    ${sql.unsafe(ON_REQUEST)}`;
}

/** Asks for those that nobody has asked for before. Returns how many. */
export async function requestNew(
  sql: Sql,
  dids: readonly string[],
  reason: ReconcileReason,
): Promise<number> {
  const { count } = await sql`insert into reconciles (did, reason)
    select distinct d, ${reason} from json_array_elements_text(${
    JSON.stringify(dids)
  }::text::json) as d
    on conflict (did) do nothing`;
  return count;
}

/** Repositories that a rebuild asked for. */
export interface FillCounts {
  readonly done: number;
  readonly left: number;
  /** Could not be read yet: tried again later, or not at all. */
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

/** Asks for every repository that we hold records of. Returns how many. */
export async function requestAll(sql: Sql, reason: ReconcileReason): Promise<number> {
  const { count } = await sql`insert into reconciles (did, reason)
    select did, ${reason} from accounts where known_since is not null ${sql.unsafe(ON_REQUEST)}`;
  return count;
}

/** Some repositories that records are held of, chosen at random. */
export async function sampleRepositories(sql: Sql, count: number): Promise<string[]> {
  const rows = await sql<{ did: string }[]>`
    select did from accounts where known_since is not null and active order by random() limit ${count}`;
  return rows.map(({ did }) => did);
}

/**
 * Asks for those that were not compared within so many days, at most `limit`. Those that are in the queue
 * stay as they are.
 */
export async function requestStale(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`insert into reconciles (did, reason)
    select a.did, 'periodic' from accounts as a left join reconciles as r using (did)
    where a.known_since is not null and r.next_attempt_at is null
      and coalesce(r.finished_at, r.requested_at, '-infinity') < now() - ${days} * interval '1 day'
    order by coalesce(r.finished_at, r.requested_at) nulls first limit ${limit}
    ${sql.unsafe(ON_REQUEST)}`;
  return count;
}

/**
 * Takes what is due, oldest first, but for what is known to be at a busy host. What is neither finished nor
 * failed is due again after `holdMs`.
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
    returning r.did, r.reason, r.attempts, r.requested_at::text as "requestedAt"`;
}

/** Keeps what came of it. A request that came meanwhile stays due. */
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

/** Notes that the source says of a deletion what the stream said, or not. A request that came meanwhile stays due. */
export async function finishDeletion(
  sql: Sql,
  { did, requestedAt }: DueReconcile,
): Promise<void> {
  await sql`update reconciles set
      next_attempt_at = case when requested_at <> ${requestedAt}::text::timestamptz then now() end,
      attempts = 0, failure = null, detail = null, finished_at = now()
    where did = ${did}`;
}

/** Keeps why it failed. `retryInMs`: null for one that is not tried again by itself. */
export async function failReconcile(
  sql: Sql,
  { did }: DueReconcile,
  failure: string,
  detail: string,
  retryInMs: number | null,
): Promise<void> {
  await sql`update reconciles set
      next_attempt_at = now() + ${retryInMs}::float8 * interval '1 millisecond',
      attempts = attempts + 1, failure = ${failure}, detail = ${detail}
    where did = ${did}`;
}

/** Gives one back that could not be begun: its host is busy with others. */
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
