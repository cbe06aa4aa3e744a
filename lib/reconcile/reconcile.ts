/** Makes the index equal to a repository's source. */

import type { ReconcileResult } from "../repository/reconcile/reconcile_queue.ts";
import type { Account, Event } from "../decoder/event.ts";
import type { SourceRecordParts } from "../decoder/wire/source_record.ts";
import { type ReaderOptions, readRepository } from "../pds/repository_reader.ts";
import { SourceError, type Standing } from "../pds/source_error.ts";
import type { Batch, BatchResult } from "../repository/fold/batch.ts";
import { heldAccount } from "../repository/reconcile/held_account.ts";
import { heldRecords } from "../repository/reconcile/held_repositories.ts";
import type { Sql } from "../repository/connection/sql.ts";
import { type Change, differences } from "./difference.ts";

export interface CompareOptions {
  readonly reader: ReaderOptions;
  readonly sql: () => Sql;
}

export interface ReconcileOptions extends CompareOptions {
  readonly write: (batch: Batch, signal: AbortSignal) => Promise<BatchResult>;
  readonly decode: (record: SourceRecordParts) => Event;
  /** The wall clock, Unix milliseconds. */
  readonly now: () => number;
}

/** Limits of one transaction, in records and in bytes. */
const BATCH_RECORDS = 500;
const BATCH_BYTES = 8 * 1024 * 1024;

/**
 * Throws a `SourceError` when the source can't be read. Nothing is changed then, except that an account is hidden whose
 * source says that it is gone or inactive: the stream may have lost that. The source alone can end that again.
 */
export async function reconcile(
  did: string,
  options: ReconcileOptions,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { active, isBySource, purgedUntilUs } = await heldAccount(options.sql(), did);
  // The time before reading: what a deletion or a rebuild removes meanwhile stays removed. What it removed earlier is
  // replaced by the answer, also if this machine's clock is behind the stream's.
  const timeUs = Math.max(options.now() * 1000, purgedUntilUs + 1);
  const tell = (standing: Standing | "active"): Promise<BatchResult> =>
    options.write(batchOf([accountOf(did, timeUs, standing)]), signal);
  const { host, snapshot, verified } = await readRepository(did, options.reader, signal)
    .catch(async (error) => {
      const standing = error instanceof SourceError ? error.standing : null;
      if (standing !== null && standing !== "undocumented" && active) await tell(standing);
      throw error;
    });
  if (!active && isBySource) await tell("active");
  let [put, deleted] = [0, 0];
  let changes: Change[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const events = changes.map((change) =>
      options.decode({ did, rev: snapshot.rev, timeUs, ...change })
    );
    [changes, bytes] = [[], 0];
    if (events.length > 0) await options.write(batchOf(events), signal);
  };
  for await (const change of differences(snapshot, heldRecords(options.sql(), did))) {
    if (change.bytes === null) deleted++;
    else put++;
    changes.push(change);
    bytes += change.bytes?.length ?? 0;
    if (changes.length >= BATCH_RECORDS || bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  return { host, rev: snapshot.rev, verified, records: snapshot.records.length, put, deleted };
}

/**
 * The result of a reconcile, without changing anything. Throws a `SourceError` when the source can't be read.
 */
export async function compareWithSource(
  did: string,
  { reader, sql }: CompareOptions,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { host, snapshot, verified } = await readRepository(did, reader, signal);
  let [put, deleted] = [0, 0];
  for await (const { bytes } of differences(snapshot, heldRecords(sql(), did))) {
    if (bytes === null) deleted++;
    else put++;
  }
  return { host, rev: snapshot.rev, verified, records: snapshot.records.length, put, deleted };
}

/** The event for what a source says about an account. */
export function accountOf(did: string, timeUs: number, standing: Standing | "active"): Account {
  const active = standing === "active";
  const position = { cursor: 0, timeUs };
  return { kind: "account", did, active, status: active ? null : standing, relaySeq: 0, position };
}

/** It moves no cursor: these events are not part of the stream. */
export function batchOf(events: readonly Event[]): Batch {
  return {
    id: crypto.randomUUID(),
    events,
    cursor: null,
    deadLetters: [],
    fromSource: true,
    lease: null,
  };
}
