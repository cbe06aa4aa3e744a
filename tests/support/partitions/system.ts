/** The real writer with several partitions at once, each on a connection of its own, and mail between them. */

import { createDecoders } from "../../../lib/indexer/decoders.ts";
import { createMapper } from "../../../lib/mapper/content.ts";
import { COLLECTIONS } from "../../../lib/mapper/collections/registry.ts";
import type { Batch } from "../../../lib/repository/fold/batch.ts";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { partitionOfEvent } from "../../../lib/repository/partitions/partition.ts";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { Writer } from "../../../lib/repository/batch/writer.ts";
import { emptyTables } from "../empty_tables.ts";
import { protocolOf } from "../model/envelope.ts";
import { Random } from "../model/random.ts";
import type { OutcomeCounts, System } from "../model/system.ts";
import { SMALL_PARTS } from "../small_parts.ts";
import { STREAM_TABLES } from "../system.ts";

const NEVER = new AbortController().signal;

/** A retry of what waits for another transaction takes no more attempts than this. */
const ATTEMPTS = 50;

export interface PartitionedOptions {
  readonly url: string;
  readonly sql: Sql;
  readonly partitions: number;
  /** Decides where transactions wait for each other's sake. */
  readonly random: Random;
}

export class PartitionedSystem implements System, AsyncDisposable {
  readonly sql: Sql;
  /** SQLSTATEs of attempts that failed. */
  readonly failures: string[] = [];
  /** Notes that were read. */
  notes = 0;
  readonly #options: PartitionedOptions;
  readonly #connections: readonly Sql[];
  readonly #decoders = createDecoders({ wantedCollections: ["app.subcult.*"], wantedDids: [] });
  readonly #mapper = createMapper(COLLECTIONS, "a secret of the tests");

  constructor(options: PartitionedOptions) {
    this.sql = options.sql;
    this.#options = options;
    this.#connections = Array.from(
      { length: options.partitions },
      () => connect(options.url, { max: 1, applicationName: "tests" }),
    );
  }

  /** Folds the batches, all partitions beside each other, until all mail is read. Counts say nothing here. */
  async deliver(batches: string[][], waitingLimit?: number): Promise<OutcomeCounts[]> {
    const { partitions } = this.#options;
    const decoder = this.#decoders.for(protocolOf(batches.flat()));
    const writer = this.#writer(waitingLimit);
    const lanes: Batch[][] = Array.from({ length: partitions }, () => []);
    for (const frames of batches) {
      const events = frames.flatMap((frame) => decoder.decode(frame));
      for (const [partition, lane] of lanes.entries()) {
        const own = events.filter((event) => partitionOfEvent(event, partitions) === partition);
        if (own.length > 0) lane.push(this.#batch(partition, own));
      }
    }
    await Promise.all(lanes.map((lane, partition) => this.#write(writer, lane, partition)));
    await this.rest(writer);
    return [];
  }

  /** Reads mail until there is none. */
  async rest(writer = this.#writer()): Promise<void> {
    const { partitions } = this.#options;
    while (true) {
      const [row] = await this.sql<{ notes: number }[]>`select count(*)::int as notes from mailbox`;
      if (row?.notes === 0) return;
      await Promise.all(
        Array.from({ length: partitions }, (_, partition) => this.#mail(writer, partition)),
      );
    }
  }

  retryTooMany(): Promise<number> {
    throw new Error("not for partitions");
  }

  confirmDeletion(): Promise<void> {
    throw new Error("not for partitions");
  }

  async reset(): Promise<void> {
    await emptyTables(this.sql, ...STREAM_TABLES, "mailbox", "partitioning");
    await this.sql`insert into partitioning (partitions) values (${this.#options.partitions})`;
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map(terminate));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #write(writer: Writer, lane: readonly Batch[], partition: number): Promise<void> {
    const { random } = this.#options;
    for (const batch of lane) {
      if (random.chance(0.3)) await this.#mail(writer, partition);
      await writer.write(batch, NEVER);
    }
  }

  async #mail(writer: Writer, partition: number): Promise<void> {
    const batch = { ...this.#batch(partition, []), mail: this.#options.random.between(1, 5) };
    this.notes += (await writer.write(batch, NEVER)).mailTaken ?? 0;
  }

  #batch(partition: number, events: Batch["events"]): Batch {
    const share = { partition, of: this.#options.partitions };
    return {
      id: crypto.randomUUID(),
      events,
      cursor: null,
      deadLetters: [],
      fromSource: false,
      lease: null,
      share,
    };
  }

  #writer(waitingLimit?: number): Writer {
    const { random } = this.#options;
    return new Writer({
      mapper: this.#mapper,
      consumer: "default",
      connection: (partition) => this.#connections[partition] ?? this.sql,
      abandon: () => {},
      statementTimeoutMs: 60_000,
      parts: SMALL_PARTS,
      backoff: (attempt) =>
        attempt > ATTEMPTS
          ? Promise.reject(new Error("the database can't be used"))
          : Promise.resolve(),
      failed: (sqlState) => this.failures.push(sqlState),
      refused: (table, sqlState) => this.failures.push(`${sqlState} of ${table}`),
      // So that the others come in between at each step.
      step: async () => {
        if (random.chance(0.3)) {
          await new Promise((resolve) => setTimeout(resolve, random.between(0, 3)));
        }
      },
      ...(waitingLimit === undefined ? {} : { waitingLimit }),
    });
  }
}
