/**
 * Fills the working set: the ledger's rows of given records, of what they refer to, and the accounts
 * of their authors. The caller holds the writer's lock, so what was loaded stays true.
 */

import type { TransactionSql } from "./sql.ts";
import type { RecordKey, Reference, Row } from "../mapper/collection.ts";
import { keyOf, type Link, type Mapper, type Mentions } from "../mapper/content.ts";
import { recordId } from "../mapper/record_id.ts";
import type { Refusals } from "./batch.ts";
import { type Entry, nameOf } from "./fold/entry.ts";
import type { World } from "./fold/world.ts";
import { parametersOf } from "./rows.ts";
import { PREPARED } from "./store.ts";
import { storedContent } from "./stored_content.ts";
import {
  type AccountRow,
  ACCOUNTS,
  candidatesStatement,
  DID,
  fillAccount,
  fillEntry,
  NAME,
  type RecordRow,
  RECORDS,
  REQUEST,
  requestsStatement,
  WANTED,
} from "./stored_rows.ts";

/**
 * How much of a record is loaded: how it stands; for a parent that refers to others itself its content
 * too, because it stands as they do; or the content whatever it is, which judging it again takes.
 */
export type Depth = "standing" | "parents" | "content";

export class Loader {
  readonly #tx: TransactionSql;
  readonly #world: World;
  readonly #mapper: Mapper;
  readonly #refusals: Refusals;
  readonly #tableOf: ReadonlyMap<string, string>;
  readonly #loadedNames = new Set<string>();
  /**
   * Whether some bare reference may mean a record that refers to others itself: which of those are
   * live can change with any parent of theirs.
   */
  #hasUnsteadyNames = false;
  /** Names of what is decided on about those who have asked before: with it, what they asked may count. */
  readonly #decidedNames = new Set<string>();
  /**
   * How many candidates of one name, or requests for one thing, are loaded. The events of a batch can
   * each take at most one away, so two beyond their number are as good as all.
   */
  readonly #most: number;

  constructor(
    tx: TransactionSql,
    world: World,
    mapper: Mapper,
    refusals: Refusals,
    batchSize: number,
  ) {
    this.#tx = tx;
    this.#world = world;
    this.#refusals = refusals;
    this.#mapper = mapper;
    this.#most = batchSize + 2;
    this.#tableOf = new Map(mapper.collections.map(({ nsid, table }) => [nsid, table]));
  }

  /**
   * Loads records, and what those refer to whose content it loads. Returns the entries that are new in
   * the working set.
   */
  async load(keys: Iterable<RecordKey>, depth: Depth): Promise<Entry[]> {
    const added: Entry[] = [];
    const wanted = new Set<Entry>();
    for (const key of keys) {
      const known = this.#world.get(key);
      const entry = known ?? this.#world.entry(key);
      if (known === undefined) added.push(entry);
      const lacksContent = entry.content === null && entry.rev !== null;
      if (known === undefined || (lacksContent && this.#needsContent(key, depth))) {
        wanted.add(entry);
      }
    }
    if (wanted.size === 0) return added;

    const dids = new Set<string>();
    const rows: Row[] = [];
    for (const { key } of wanted) {
      const { did, collection, rkey } = key;
      dids.add(did);
      rows.push({ did, collection, rkey, wanted: this.#needsContent(key, depth) });
    }
    const [records] = await Promise.all([
      this.#tx.unsafe<RecordRow[]>(RECORDS, parametersOf(WANTED, rows), PREPARED),
      this.accounts(dids),
    ]);
    const mentions: Mentions[] = [];
    for (const row of records) {
      const entry = this.#world.entry(row);
      fillEntry(entry, row);
      entry.content = storedContent(row, this.#mapper, this.#refusals) ?? entry.content;
      if (entry.content?.kind === "mapped") {
        const { links, about } = entry.content;
        mentions.push({ author: row.did, collection: row.collection, links, about });
      }
    }
    added.push(...await this.follow(mentions));
    return added;
  }

  #needsContent({ collection }: RecordKey, depth: Depth): boolean {
    return depth === "content" || (depth === "parents" && this.#mapper.between.has(collection));
  }

  /** Loads the accounts that the working set doesn't have yet. */
  async accounts(dids: Iterable<string>): Promise<void> {
    const missing = [...new Set(dids)].filter((did) => !this.#world.accounts.has(did));
    if (missing.length === 0) return;
    const keys = missing.map((did) => ({ did }));
    const rows = await this.#tx.unsafe<AccountRow[]>(ACCOUNTS, parametersOf(DID, keys), PREPARED);
    for (const row of rows) {
      fillAccount(this.#world.account(row.did), row);
    }
    // An account that isn't in the table is as unknown accounts are.
    for (const did of missing) this.#world.account(did);
  }

  /** Whether what a later event of the batch means may hang on the consequences of this commit. */
  maySway({ collection, rkey }: RecordKey): boolean {
    if (this.#hasUnsteadyNames && this.#mapper.targets.has(collection)) return true;
    return this.#decidedNames.size > 0 && this.#decidedNames.has(nameOf(collection, rkey));
  }

  /** Loads what some records refer to, and the requests that the decisions among them answer. */
  async follow(mentions: readonly Mentions[]): Promise<Entry[]> {
    const added = await this.#followLinks(mentions);
    added.push(...await this.#followDecisions(mentions));
    return added;
  }

  async #followLinks(mentions: readonly Mentions[]): Promise<Entry[]> {
    const keys: RecordKey[] = [];
    const bare: { author: string; link: Link }[] = [];
    for (const { author, links } of mentions) {
      for (const link of links) {
        keys.push(keyOf(author, link));
        if (typeof link.target === "string") bare.push({ author, link });
      }
    }
    const added = await this.load(keys, "parents");

    const names = new Map<string, { reference: Reference; rkey: string }>();
    for (const { author, link } of bare) {
      if (typeof link.target !== "string") continue;
      if (this.#world.ownTarget(author, link) !== null) continue;
      const name = nameOf(link.reference.target, link.target);
      if (this.#loadedNames.has(name)) continue;
      this.#loadedNames.add(name);
      if (this.#mapper.between.has(link.reference.target)) this.#hasUnsteadyNames = true;
      names.set(name, { reference: link.reference, rkey: link.target });
    }
    for (const [target, table] of this.#tableOf) {
      // One live record means that one, several mean none.
      const wanted = [...names.values()].filter(({ reference }) => reference.target === target)
        .map(({ rkey }) => ({ rkey, most: this.#most }));
      if (wanted.length === 0) continue;
      const rows = await this.#tx.unsafe<{ rkey: string; did: string }[]>(
        candidatesStatement(table),
        parametersOf(NAME, wanted),
        PREPARED,
      );
      const found = rows.map(({ did, rkey }) => ({ did, collection: target, rkey }));
      added.push(...await this.load(found, "parents"));
    }
    return added;
  }

  async #followDecisions(mentions: readonly Mentions[]): Promise<Entry[]> {
    const added: Entry[] = [];
    for (const { nsid, table, references } of this.#mapper.collections) {
      const decisions = mentions.flatMap(({ author, collection, links: [link], about }) =>
        collection === nsid && about !== null && link !== undefined
          ? [{ did: about, parent: keyOf(author, link) }]
          : []
      );
      const [reference] = references;
      if (decisions.length === 0 || reference === undefined) continue;
      const wanted = decisions.map(({ did, parent }) => ({
        did,
        parent: recordId(parent),
        most: this.#most,
      }));
      const rows = await this.#tx.unsafe<{ did: string; rkey: string }[]>(
        requestsStatement(nsid, table, reference.column),
        parametersOf(REQUEST, wanted),
        PREPARED,
      );
      const asked = new Set(rows.map(({ did }) => did));
      for (const { did, parent } of decisions) {
        if (asked.has(did)) this.#decidedNames.add(nameOf(parent.collection, parent.rkey));
      }
      const found = rows.map(({ did, rkey }) => ({ did, collection: nsid, rkey }));
      added.push(...await this.load(found, "parents"));
    }
    return added;
  }
}
