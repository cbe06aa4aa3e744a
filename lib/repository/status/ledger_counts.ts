/** Ledger records by collection and state. Counting reads the whole ledger. */

import type { Sql } from "../connection/sql.ts";
import type { Database } from "../connection/database.ts";

export interface CollectionCounts {
  readonly collection: string;
  readonly states: Readonly<Record<string, number>>;
}

export interface Counted {
  readonly at: Date;
  readonly collections: readonly CollectionCounts[];
}

/** Counts are kept for at least this long, and for a multiple of the time that counting took. */
const KEEP_MS = 60_000;
const KEEP_TIMES = 20;

/** Limit for counting; shorter when a lock blocks it. */
const TIMEOUT_MS = 300_000;
const LOCK_TIMEOUT_MS = 2_000;
const RETRY_MS = 5_000;

/** How long the first caller waits for the count; later callers get the last count at once. */
const FIRST_WAIT_MS = 500;

/** Counts in the background, now and then: no caller waits for a large ledger. */
export class LedgerCounts {
  readonly #database: Database;
  #counted: Counted | null = null;
  #keepUntil = -Infinity;
  #counting: Promise<void> | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The last counts; newer ones may follow soon. Null: the first are not ready yet. */
  async counted(signal: AbortSignal): Promise<Counted | null> {
    if (performance.now() >= this.#keepUntil) {
      this.#counting ??= this.#count().finally(() => this.#counting = null);
    }
    if (this.#counted === null && this.#counting !== null) {
      await within(FIRST_WAIT_MS, this.#counting, signal);
    }
    return this.#counted;
  }

  async #count(): Promise<void> {
    const startedAt = performance.now();
    try {
      const collections = await countLedger(this.#database.sql);
      this.#counted = { at: new Date(), collections };
    } catch {
      // The last counts carry their age.
      this.#keepUntil = performance.now() + RETRY_MS;
      return;
    }
    const now = performance.now();
    this.#keepUntil = now + Math.max(KEEP_MS, KEEP_TIMES * (now - startedAt));
  }
}

async function countLedger(sql: Sql): Promise<readonly CollectionCounts[]> {
  const rows = await sql.begin(async (tx) => {
    const [, rows] = await Promise.all([
      tx`select set_config('statement_timeout', ${String(TIMEOUT_MS)}, true),
        set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`,
      tx<{ collection: string; state: string; count: number }[]>`
        select collection, state, count(*)::float8 as count from records group by 1, 2 order by 1, 2`,
    ]);
    return rows;
  });
  const byName = new Map<string, Map<string, number>>();
  for (const { collection, state, count } of rows) {
    const states = byName.get(collection) ?? new Map<string, number>();
    byName.set(collection, states.set(state, count));
  }
  return [...byName].map(([collection, states]) => ({
    collection,
    states: Object.fromEntries(states),
  }));
}

async function within(ms: number, promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  signal.addEventListener("abort", () => over.resolve(), { once: true });
  await Promise.race([promise, over.promise]);
  clearTimeout(timer);
}
