/** Adds rows of the ledger and of accounts to the working set, each once. */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import { isRequest } from "../../mapper/decision.ts";
import type { Mentions } from "../../mapper/link.ts";
import type { Refusals } from "./batch.ts";
import type { Entry } from "./entry.ts";
import type { WorkingSet } from "./working_set.ts";
import { ACCOUNTS, DID, questionsOf, WANTED } from "./record_queries.ts";
import { parametersOf } from "../tables/rows.ts";
import type { TransactionSql } from "../connection/sql.ts";
import { PREPARED } from "./store.ts";
import { hasLinks, storedContent } from "./stored_content.ts";
import { type AccountRow, fillAccount, fillEntry, type RecordRow } from "./stored_rows.ts";

/** What a load added to the working set, so that it can be removed again. */
export class Loaded {
  /** `isOfBatch`: whether events of the batch mention it, so that it is never removed. */
  constructor(readonly isOfBatch = false) {}

  readonly entries: Entry[] = [];
  /** Entries that existed before and whose content was loaded. */
  readonly deepened: Entry[] = [];
  readonly names: string[] = [];
  readonly dids: string[] = [];
}

/** What a record says about other records. */
export function mentionsOf({ key: { did, collection }, content }: Entry): Mentions[] {
  if (content?.kind !== "mapped") return [];
  return [{ author: did, collection, links: content.links, about: content.about }];
}

export class RowLoader {
  readonly #tx: TransactionSql;
  readonly #workingSet: WorkingSet;
  readonly #mapper: Mapper;
  readonly #refusals: Refusals;
  /** Accounts that are loaded or queried. */
  readonly #knownDids = new Set<string>();

  constructor(tx: TransactionSql, workingSet: WorkingSet, mapper: Mapper, refusals: Refusals) {
    this.#tx = tx;
    this.#workingSet = workingSet;
    this.#mapper = mapper;
    this.#refusals = refusals;
  }

  /** Loads the accounts that the working set doesn't have yet. */
  async accounts(dids: Iterable<string>, loaded: Loaded): Promise<void> {
    const missing = [...new Set(dids)].filter((did) => this.#isNew(did, loaded));
    if (missing.length === 0) return;
    const keys = missing.map((did) => ({ did }));
    const rows = await this.#tx.unsafe<AccountRow[]>(ACCOUNTS, parametersOf(DID, keys), PREPARED);
    for (const row of rows) {
      fillAccount(this.#workingSet.account(row.did), row);
    }
  }

  /** Loads records that the working set lacks, or lacks the content of. Returns those that refer to others. */
  async byKey(
    keys: Iterable<RecordKey>,
    withContent: boolean,
    loaded: Loaded,
  ): Promise<Entry[]> {
    const wanted = new Set<Entry>();
    for (const key of keys) {
      const known = this.#workingSet.get(key);
      const entry = known ?? this.#workingSet.entry(key);
      if (known === undefined) loaded.entries.push(entry);
      const lacksContent = withContent && !entry.foreign && entry.content === null &&
        entry.rev !== null;
      if (known === undefined || lacksContent) wanted.add(entry);
    }
    if (wanted.size === 0) return [];
    const rows = [...wanted].map(({ key: { did, collection, rkey }, foreign }) => {
      const links = withContent && !foreign && hasLinks(collection, this.#mapper);
      return { did, collection, rkey, wanted: links };
    });
    const [records] = await Promise.all([
      this.ask(questionsOf(this.#mapper).byKey, parametersOf(WANTED, rows)),
      this.accounts(rows.map(({ did }) => did), loaded),
    ]);
    return this.take(records, withContent, loaded);
  }

  ask(question: string, parameters: Uint8Array[]): Promise<RecordRow[]> {
    return this.#tx.unsafe<RecordRow[]>(question, parameters, PREPARED);
  }

  /** Adds rows that are not known yet. Returns those that refer to others. */
  take(rows: readonly RecordRow[], withContent: boolean, loaded: Loaded): Entry[] {
    const referring: Entry[] = [];
    for (const row of rows) {
      if (row.account !== undefined && this.#isNew(row.did, loaded)) {
        const account = this.#workingSet.account(row.did);
        if (row.account !== null) fillAccount(account, row.account);
      }
      const known = this.#workingSet.get(row);
      const entry = known ?? this.#workingSet.entry(row);
      if (known === undefined) loaded.entries.push(entry);
      if (entry.accepted || entry.content !== null) continue;
      fillEntry(entry, row);
      // A record without references has no content that would have to be read.
      if (!withContent && hasLinks(row.collection, this.#mapper)) continue;
      const content = storedContent(row, this.#mapper, this.#refusals);
      if (entry.foreign) {
        entry.asksFor = isRequest(content) ? row.asks_for ?? entry.asksFor : null;
        continue;
      }
      entry.content = content;
      if (known !== undefined) loaded.deepened.push(entry);
      if (entry.content?.kind === "mapped" && entry.content.links.length > 0) referring.push(entry);
    }
    return referring;
  }

  /** Notes an account as known. Returns whether it was new. One without a row gets the defaults. */
  #isNew(did: string, loaded: Loaded): boolean {
    if (this.#knownDids.has(did)) return false;
    this.#knownDids.add(did);
    loaded.dids.push(did);
    this.#workingSet.account(did);
    return true;
  }

  /** Removes an account from the working set. */
  forgetAccount(did: string): void {
    this.#knownDids.delete(did);
    this.#workingSet.accounts.delete(did);
  }
}
