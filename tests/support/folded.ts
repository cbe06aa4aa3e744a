/** The real decoder, mapper and writer on a real database: tests write batches and check rows. */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import type { Decoder } from "../../lib/decoder/wire/decoder.ts";
import type { Event } from "../../lib/decoder/event.ts";
import { createDecoders } from "../../lib/indexer/decoders.ts";
import { createMapper, type Mapper } from "../../lib/mapper/content.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import type { Batch, BatchResult, CursorUpdate } from "../../lib/repository/fold/batch.ts";
import type { Lease } from "../../lib/repository/partitions/lease.ts";
import type { Outcome } from "../../lib/repository/outcome.ts";
import type { PartSizes, Step } from "../../lib/repository/fold/transaction_options.ts";
import { Writer } from "../../lib/repository/batch/writer.ts";
import { type JetstreamEvent, StoredEvent } from "./jetstream/stored_event.ts";
import { keyOf } from "./sample_events.ts";
import type { TestDatabase } from "./database.ts";
import { SMALL_PARTS } from "./small_parts.ts";

export interface FoldedOptions {
  readonly consumer?: string;
  /** How events are written. Default: v1. */
  readonly protocol?: "v1" | "v2";
  readonly mapper?: Mapper;
  readonly step?: (name: Step, batch: Batch) => void | Promise<void>;
  /** How many records of one repository may wait. Default: as in production. */
  readonly waitingLimit?: number;
  /** Default: so small that a batch has several. */
  readonly parts?: PartSizes;
  /** SQLSTATEs of failed attempts. Default: a failed attempt fails the test. */
  readonly failures?: string[];
}

/** A row of the ledger, without columns that are the same for all. */
export interface LedgerRow {
  readonly rev: string;
  readonly cid: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly waiting_for: string | null;
  readonly record: unknown;
  readonly idempotency_key: string;
  readonly event_time: Date;
}

/** Tables by the last part of their collections. */
const TABLES: Readonly<Record<string, string>> = Object.fromEntries(
  COLLECTIONS.map(({ nsid, table }) => [nsid.replace("app.subcult.", ""), table]),
);

export class Folded {
  readonly sql: Sql;
  readonly writer: Writer;
  readonly #protocol: "v1" | "v2";
  readonly #decoder: Decoder;
  #cursor = 0;

  constructor({ sql }: Pick<TestDatabase, "sql">, options: FoldedOptions = {}) {
    this.sql = sql;
    const { consumer = "default", protocol = "v1", failures } = options;
    const wantedCollections = ["app.subcult.*", "org.example.*"];
    this.#protocol = protocol;
    this.#decoder = createDecoders({ wantedCollections, wantedDids: [] }).for(protocol);
    this.writer = new Writer({
      mapper: options.mapper ?? createMapper(COLLECTIONS, "a secret of the tests"),
      consumer,
      connection: () => sql,
      abandon: () => {},
      statementTimeoutMs: 60_000,
      parts: options.parts ?? SMALL_PARTS,
      backoff: (attempt) =>
        failures === undefined || attempt > 20
          ? Promise.reject(new Error("the database can't be used"))
          : Promise.resolve(),
      failed: (sqlState) => failures?.push(sqlState),
      refused: () => {},
      ...(options.step === undefined ? {} : { step: options.step }),
      ...(options.waitingLimit === undefined ? {} : { waitingLimit: options.waitingLimit }),
    });
  }

  /** Folds events in one batch; returns the outcome of each. A text is sent as a frame, unchanged. */
  async batch(...events: readonly (JetstreamEvent | string)[]): Promise<readonly Outcome[]> {
    const { outcomes } = await this.write(events);
    return outcomes;
  }

  /** Folds each event in a batch of its own; returns the outcome of each. */
  async each(...events: readonly (JetstreamEvent | string)[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const event of events) outcomes.push(...await this.batch(event));
    return outcomes;
  }

  /** Folds a batch that moves the cursor, when one is given, and is written under a lease, when one is. */
  async write(
    events: readonly (JetstreamEvent | string)[],
    cursor: CursorUpdate | null = null,
    lease: Lease | null = null,
  ): Promise<BatchResult> {
    const decoded = events.flatMap((event) => {
      this.#cursor++;
      const timeUs = typeof event === "string" ? 0 : event.time_us ?? 0;
      const frame = new StoredEvent(event, this.#cursor, timeUs, false).text(this.#protocol) ?? "";
      return this.#decoder.decode(frame);
    });
    return await this.decoded(decoded, cursor, lease);
  }

  /** The same with events that some decoder gave. */
  async decoded(
    events: readonly Event[],
    cursor: CursorUpdate | null = null,
    lease: Lease | null = null,
  ): Promise<BatchResult> {
    const batch = {
      id: crypto.randomUUID(),
      events,
      cursor,
      deadLetters: [],
      fromSource: false,
      lease,
    };
    return await this.writer.write(batch, new AbortController().signal);
  }

  /** The ledger's row of a record; null when there is none. */
  async ledger(record: string): Promise<LedgerRow | null> {
    const { did, collection, rkey } = keyOf(record);
    const [row] = await this.sql<LedgerRow[]>`
      select rev, cid, state, reason, waiting_for, record, idempotency_key, event_time from records
      where did = ${did} and collection = ${collection} and rkey = ${rkey}`;
    return row ?? null;
  }

  /** The states of some records. */
  async states(...records: readonly string[]): Promise<(string | null)[]> {
    return await Promise.all(
      records.map(async (record) => (await this.ledger(record))?.state ?? null),
    );
  }

  /** The product row of a record, hidden or not; fails when there is none. */
  async row(record: string): Promise<Record<string, unknown>> {
    const row = await this.rowOrNull(record);
    assert.ok(row !== null, `no row of ${record}`);
    return row;
  }

  async rowOrNull(record: string): Promise<Record<string, unknown> | null> {
    const { did, rkey } = keyOf(record);
    const [row] = await this.sql.unsafe<Record<string, unknown>[]>(
      `select * from ${tableOf(record)} where record_did = $1 and record_rkey = $2`,
      [did, rkey],
    );
    return row ?? null;
  }

  /** Whether the app sees each of some records. */
  async live(...records: readonly string[]): Promise<boolean[]> {
    return await Promise.all(records.map(async (record) => {
      const row = await this.rowOrNull(record);
      return row !== null && row["deleted_at"] === null;
    }));
  }

  /** Reasons of the open dead letters, in their order. */
  async openDeadLetterIds(): Promise<string[]> {
    const rows = await this.sql<{ reason: string }[]>`
      select reason from dead_letters where resolved_at is null order by id`;
    return rows.map(({ reason }) => reason);
  }

  async count(table: string): Promise<number> {
    const [row] = await this.sql.unsafe<{ count: number }[]>(
      `select count(*)::int as count from ${table}`,
    );
    return row?.count ?? 0;
  }
}

/** The product table of a record. */
export function tableOf(record: string): string {
  const [, collection = ""] = record.split("/");
  const table = TABLES[collection];
  assert.ok(table !== undefined, `no table for ${record}`);
  return table;
}
