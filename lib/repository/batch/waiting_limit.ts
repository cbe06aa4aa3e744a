/**
 * How many records of one repository may wait for others. Without a limit, an author of records without
 * parents could fill the ledger with waiting records, and the one event that brings their parent would have
 * to process all of them.
 *
 * This is the one place where the order of arrival counts: which records exceed the limit depends on which
 * came first. A record above the limit becomes a dead letter, and a retry finds its parent. Real repositories
 * stay far below the limit, because records wait only until their parent arrives.
 */

import type { TransactionSql } from "../connection/sql.ts";
import type { Refusal } from "../../decoder/event.ts";
import type { Entry } from "../fold/entry.ts";
import { PREPARED } from "../fold/store.ts";

export const WAITING_LIMIT = 10_000;

const WAITING = `select did, count(*)::int as waiting from records
  where waiting_for is not null
    and did in (select a collate "C" from json_array_elements_text($1::text::json) as a)
  group by did`;

export const TOO_MANY_WAIT: Refusal = {
  reason: "waiting_limit",
  detail: "too many records of this repository wait for others already",
};

/** Counts only the authors of a batch with a record that has to wait. */
export class WaitingLimit {
  readonly #tx: TransactionSql;
  readonly #limit: number;
  /** Remaining places, by DID. */
  readonly #left = new Map<string, number>();
  readonly #admitted = new Set<Entry>();

  constructor(tx: TransactionSql, limit: number) {
    this.#tx = tx;
    this.#limit = limit;
  }

  /** Counts the waiting records of some authors. */
  async count(dids: Iterable<string>): Promise<void> {
    const authors = [...new Set(dids)].filter((did) => !this.#left.has(did));
    if (authors.length === 0) return;
    const rows = await this.#tx.unsafe<{ did: string; waiting: number }[]>(
      WAITING,
      [JSON.stringify(authors)],
      PREPARED,
    );
    const waiting = new Map(rows.map((row) => [row.did, row.waiting]));
    for (const did of authors) this.#left.set(did, this.#limit - (waiting.get(did) ?? 0));
  }

  /**
   * Whether a record that has to wait may do so. A record whose parent was removed in the same batch is not
   * counted, so a repository can exceed its limit by one batch.
   */
  async admits(entry: Entry): Promise<boolean> {
    if (entry.stored?.state === "waiting" || this.#admitted.has(entry)) return true;
    const { did } = entry.key;
    await this.count([did]);
    const left = this.#left.get(did) ?? 0;
    if (left <= 0) return false;
    this.#left.set(did, left - 1);
    this.#admitted.add(entry);
    return true;
  }
}
