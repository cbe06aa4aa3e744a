/**
 * The lease of a partition: which instance may write its batches, and until when. It is a row of
 * `indexer_state`, so it needs no session and works through a pooler in transaction mode. All times are the
 * database's: instances need no common clock.
 *
 * A batch locks the row and compares holder and epoch before it reads anything (`transaction.ts`), so an
 * instance that has lost its lease commits nothing. Each commit renews the lease.
 */

import { PartitionsChangedError } from "./partition.ts";
import type { Sql } from "../connection/sql.ts";

/** What is leased. */
export interface Leased {
  readonly consumer: string;
  readonly partition: number;
}

/** A partition to claim, and the number of partitions that the claimer expects. */
export interface Claimed extends Leased {
  readonly of?: number;
}

/** A lease, as its holder knows it. */
export interface Lease extends Leased {
  /** Random for each process. */
  readonly holder: string;
  /** Grows by one with each takeover. */
  readonly epoch: number;
  /** How long it lasts without being renewed, milliseconds. */
  readonly ms: number;
}

/** Why nothing more may be written with a lease. */
export type LeaseLoss = "another instance leads" | "the database lost committed batches";

/** Nothing more may be written with this lease: a new one has to be claimed, and the cursor read again. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  readonly partition: number;
  constructor({ partition, epoch }: Lease, readonly why: LeaseLoss = "another instance leads") {
    super(`cannot write to partition ${partition} with the lease of epoch ${epoch}: ${why}`);
    this.partition = partition;
  }
}

/** The result of a claim: the lease, or its current holder. */
export type Claim =
  | { readonly kind: "taken"; readonly lease: Lease }
  | { readonly kind: "held"; readonly holder: string };

/**
 * Whether a lease has expired. An expiry beyond the lease's duration was set by another server's clock before
 * a failover, and counts as expired.
 */
const IS_FREE = `(lease_until is null or lease_until <= clock_timestamp()
  or lease_until > clock_timestamp() + lease_ms * interval '1 millisecond')`;

/**
 * Takes the lease when it has expired, or when this process already holds it from a claim whose answer was
 * lost. `holder` is this process's id.
 */
export async function claimLease(
  sql: Sql,
  { consumer, partition, of = 1 }: Claimed,
  holder: string,
  ms: number,
): Promise<Claim> {
  const [row] = await sql<
    { partitions: number; there: boolean; holder: string | null; free: boolean }[]
  >`
    select coalesce((select partitions from partitioning), 1) as partitions, s.there, s.holder, s.free
    from (select) as one left join (
      select true as there, holder, ${
    sql.unsafe(IS_FREE)
  } or holder = ${holder} as free from indexer_state
      where consumer = ${consumer} and partition = ${partition}) as s on true`;
  const partitions = row?.partitions ?? 1;
  if (partitions !== of) throw new PartitionsChangedError(of, partitions);
  if (row?.there && !row.free) return { kind: "held", holder: row.holder ?? "" };
  if (!row?.there) {
    await sql`insert into indexer_state (consumer, partition) values (${consumer}, ${partition})
      on conflict do nothing`;
  }
  const epoch = await sql.begin(async (tx) => {
    // A locked row is in use: by a batch that outlasts its lease, or by another claim.
    const [locked] = await tx`select from indexer_state
      where consumer = ${consumer} and partition = ${partition} for update skip locked`;
    if (locked === undefined) return null;
    // A separate statement: the one that took the lock has an older snapshot of the row.
    const [taken] = await tx<{ epoch: number }[]>`
      update indexer_state set holder = ${holder}, epoch = epoch + 1, lease_ms = ${ms},
        lease_until = clock_timestamp() + ${ms} * interval '1 millisecond'
      where consumer = ${consumer} and partition = ${partition}
        and (${tx.unsafe(IS_FREE)} or holder = ${holder})
      returning epoch::float8 as epoch`;
    return taken?.epoch ?? null;
  });
  if (epoch !== null) return { kind: "taken", lease: { consumer, partition, holder, epoch, ms } };
  await endStalledHolder(sql, { consumer, partition });
  return { kind: "held", holder: row?.holder ?? "" };
}

/**
 * Renews a lease between batches. `busy`: a batch has locked the row and renews it with its commit. `lost`:
 * another instance has taken it.
 */
export async function renewLease(sql: Sql, lease: Lease): Promise<"renewed" | "busy" | "lost"> {
  const { consumer, partition, holder, epoch, ms } = lease;
  const { count } = await sql`
    with mine as (select consumer, partition from indexer_state
      where consumer = ${consumer} and partition = ${partition}
        and holder = ${holder} and epoch = ${epoch}
      for update skip locked)
    update indexer_state as s set lease_until = clock_timestamp() + ${ms} * interval '1 millisecond'
    from mine where s.consumer = mine.consumer and s.partition = mine.partition`;
  if (count > 0) return "renewed";
  const [row] = await sql`select from indexer_state
    where consumer = ${consumer} and partition = ${partition}
      and holder = ${holder} and epoch = ${epoch}`;
  return row === undefined ? "lost" : "busy";
}

/** Releases a lease, so that another instance need not wait for its expiry. */
export async function releaseLease(sql: Sql, lease: Lease): Promise<void> {
  const { consumer, partition, holder, epoch } = lease;
  await sql`update indexer_state set lease_until = null
    where consumer = ${consumer} and partition = ${partition}
      and holder = ${holder} and epoch = ${epoch}`;
}

/**
 * Ends the session that has locked the row, if it has only waited for its client for a whole lease. A client
 * that no longer reads keeps its transaction open past every timeout of the server.
 */
async function endStalledHolder(sql: Sql, { consumer, partition }: Leased): Promise<void> {
  await sql`
    select pg_terminate_backend(a.pid)
    from indexer_state s
    join pg_locks l on l.locktype = 'transactionid' and l.transactionid = s.xmax
      and l.mode = 'ExclusiveLock' and l.granted
    join pg_stat_activity a on a.pid = l.pid
    where s.consumer = ${consumer} and s.partition = ${partition}
      and a.wait_event_type = 'Client'
      and a.state_change < clock_timestamp() - s.lease_ms * interval '1 millisecond'`;
}
