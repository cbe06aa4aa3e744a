/** The facts of the database and the indexer, for the status page. */

import type { Indexer } from "../indexer.ts";
import type { Database } from "../repository/connection/database.ts";
import { LedgerCounts } from "../repository/status/ledger_counts.ts";
import {
  byReason,
  StatusTables,
  type StoredStatus,
  withWaiting,
} from "../repository/status/stored_status.ts";
import type { StatusSource } from "../server/status/status_cache.ts";

/** Shorter than the page's own limit, so that the database's timeout is reported as an answer. */
const TIMEOUT_MS = 4_000;

export class DatabaseStatus implements StatusSource {
  readonly #database: Database;
  readonly #consumer: string;
  readonly #indexer: Indexer;
  readonly #counts: LedgerCounts;

  constructor(database: Database, consumer: string, indexer: Indexer) {
    this.#database = database;
    this.#consumer = consumer;
    this.#indexer = indexer;
    this.#counts = new LedgerCounts(database);
  }

  async status(signal: AbortSignal): Promise<StoredStatus> {
    // An unavailable database must be noticed on a quiet stream too.
    void this.#indexer.watch.look(signal);
    const counted = await this.#counts.counted(signal);
    return await this.#database.sql.begin(async (tx) => {
      const tables = new StatusTables(tx);
      const [, cursor, waiting, deadLetters, scenes, recent] = await Promise.all([
        tables.limit(TIMEOUT_MS),
        tables.cursor(this.#consumer),
        tables.waiting(),
        tables.deadLetters(),
        tables.scenes(),
        tables.recent(this.#indexer.recent),
      ]);
      return {
        collections: withWaiting(counted?.collections ?? [], waiting),
        countedAt: counted?.at ?? null,
        cursor,
        waiting: { total: total(waiting), reasons: byReason(waiting) },
        deadLetters: { open: total(deadLetters), reasons: deadLetters },
        recent,
        scenes,
      };
    });
  }
}

function total(counts: readonly { readonly count: number }[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}
