/** What the database and the indexer know, for the status page. */

import type { Indexer } from "../indexer.ts";
import type { Database } from "../repository/database.ts";
import { StatusTables } from "../repository/stored_status.ts";
import type { StatusSource, StoredStatus } from "../server/stored_status.ts";

export class DatabaseStatus implements StatusSource {
  readonly #database: Database;
  readonly #tables: StatusTables;
  readonly #indexer: Indexer;

  constructor(database: Database, consumer: string, indexer: Indexer) {
    this.#database = database;
    this.#tables = new StatusTables(consumer, () => performance.now());
    this.#indexer = indexer;
  }

  async status(): Promise<StoredStatus> {
    const { sql } = this.#database;
    const [collections, cursor, waiting, deadLetters, scenes] = await Promise.all([
      this.#tables.collections(sql),
      this.#tables.cursor(sql),
      this.#tables.waiting(sql),
      this.#tables.deadLetters(sql),
      this.#tables.scenes(sql),
    ]);
    const { replay } = this.#indexer;
    return {
      collections,
      cursor,
      waiting: { total: total(waiting), reasons: waiting },
      deadLetters: { open: total(deadLetters), reasons: deadLetters },
      recent: this.#indexer.recent,
      scenes,
      archive: replay === null ? null : {
        done: replay.done,
        total: replay.total,
        leftSeconds: replay.leftMs === null ? null : replay.leftMs / 1000,
        segmentsDone: replay.segmentsDone,
        segmentsTotal: replay.segmentsTotal,
        events: replay.events,
        startedAt: new Date(replay.startedAt),
      },
    };
  }
}

function total(reasons: readonly { count: number }[]): number {
  return reasons.reduce((sum, { count }) => sum + count, 0);
}
