/**
 * Loads the bodies of records whose rows are about to be written. A record can have a megabyte, so a few are
 * loaded at a time and released before the next.
 */

import type { Mapper } from "../../mapper/content.ts";
import type { Refusals } from "./batch.ts";
import type { Entry } from "./entry.ts";
import type { WorkingSet } from "./working_set.ts";
import { KEY } from "../tables/ledger_table.ts";
import { BODIES, SIZES } from "./record_queries.ts";
import { parametersOf } from "../tables/rows.ts";
import { inParts } from "../tables/byte_parts.ts";
import type { TransactionSql } from "../connection/sql.ts";
import { PREPARED } from "./store.ts";
import { remappedRevision, storedRevision } from "./stored_content.ts";
import type { BodyRow, SizeRow } from "./stored_rows.ts";

/** Up to this many are loaded without checking sizes: a record has a megabyte at most. */
const FEW = 8;

export class Bodies {
  readonly #tx: TransactionSql;
  readonly #workingSet: WorkingSet;
  readonly #mapper: Mapper;
  readonly #refusals: Refusals;
  readonly #mapAgain: boolean;

  /**
   * With `mapAgain`, the current rules decide what a record is and which places it keeps, whatever an earlier version
   * decided.
   */
  constructor(
    tx: TransactionSql,
    workingSet: WorkingSet,
    mapper: Mapper,
    refusals: Refusals,
    mapAgain = false,
  ) {
    this.#tx = tx;
    this.#workingSet = workingSet;
    this.#mapper = mapper;
    this.#refusals = refusals;
    this.#mapAgain = mapAgain;
  }

  /**
   * Yields the entries in parts. The entries of a part have their bodies until the next part is requested.
   */
  async *load(entries: readonly Entry[]): AsyncGenerator<readonly Entry[]> {
    for (const part of await this.#parts(entries)) {
      const rows = await this.#ask<BodyRow>(BODIES, part);
      for (const row of rows) {
        const entry = this.#workingSet.entry(row);
        const revise = this.#mapAgain ? remappedRevision : storedRevision;
        const { content, body } = revise(entry, row.record, this.#mapper, this.#refusals);
        entry.content = content;
        entry.body = body;
      }
      yield part;
      for (const entry of part) entry.body = entry.coarsened = null;
    }
  }

  /** Splits the entries into parts that are small enough. */
  async #parts(entries: readonly Entry[]): Promise<readonly (readonly Entry[])[]> {
    if (entries.length === 0) return [];
    if (entries.length <= FEW) return [entries];
    const known = entries.flatMap(({ key, bytes }) => bytes === null ? [] : [{ ...key, bytes }]);
    const isKnown = known.length === entries.length;
    const sizes = isKnown ? known : await this.#ask<SizeRow>(SIZES, entries);
    return inParts(sizes).map((part) => part.map((key) => this.#workingSet.entry(key)));
  }

  async #ask<Row extends object>(statement: string, entries: readonly Entry[]): Promise<Row[]> {
    const keys = entries.map(({ key: { did, collection, rkey } }) => ({ did, collection, rkey }));
    return await this.#tx.unsafe<Row[]>(statement, parametersOf(KEY, keys), PREPARED);
  }
}
