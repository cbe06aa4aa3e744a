/**
 * Fills the working set: the ledger's rows of given records, of what they refer to, and the accounts
 * of their authors. The caller holds the writer's lock, so what was loaded stays true.
 *
 * Nothing here loads what a record holds, so the working set is small however large the records are.
 */

import type { RecordKey } from "../mapper/collection.ts";
import type { Mapper } from "../mapper/content.ts";
import { keyOf, type Mentions } from "../mapper/link.ts";
import { recordId } from "../mapper/record_id.ts";
import type { Refusals } from "./batch.ts";
import { type Entry, nameOf } from "./fold/entry.ts";
import type { World } from "./fold/world.ts";
import { parametersOf } from "./rows.ts";
import type { TransactionSql } from "./sql.ts";
import { PREPARED } from "./store.ts";
import { hasLinks, storedContent } from "./stored_content.ts";
import {
  type AccountRow,
  ACCOUNTS,
  candidatesStatement,
  DID,
  fillAccount,
  fillEntry,
  NAME,
  type RecordRow,
  recordsStatement,
  REQUEST,
  requestsStatement,
  WANTED,
} from "./stored_rows.ts";

/** What a load added to the working set, so that it can be taken out again. */
export class Loaded {
  readonly entries: Entry[] = [];
  readonly names: string[] = [];
  readonly dids: string[] = [];
}

export class Loader {
  readonly #tx: TransactionSql;
  readonly #world: World;
  readonly #mapper: Mapper;
  readonly #refusals: Refusals;
  readonly #records: string;
  /** What is loaded because events of the batch mention it. */
  readonly #ofBatch = new Loaded();
  /** Bare names whose candidates are loaded. */
  readonly #loadedNames = new Set<string>();
  /**
   * Whether some bare reference may mean a record that refers to others itself: which of those are
   * live can change with any parent of theirs.
   */
  #hasUnsteadyNames = false;
  /** Whom decisions of the batch are about. */
  readonly #decidedAbout = new Set<string>();
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
    this.#records = recordsStatement(mapper.linkFields);
  }

  /** Loads the state of records about which the events of the batch are: what they say is told by those. */
  async loadStates(keys: Iterable<RecordKey>): Promise<void> {
    await this.#loadRecords(keys, false, this.#ofBatch);
  }

  /** Loads records that are to be judged, and what they refer to. */
  async load(keys: Iterable<RecordKey>, loaded = new Loaded()): Promise<Loaded> {
    await this.#follow(await this.#loadRecords(keys, true, loaded), loaded);
    return loaded;
  }

  /** Loads what events of the batch refer to, and the requests that the decisions among them answer. */
  async follow(mentions: readonly Mentions[]): Promise<void> {
    for (const { about } of mentions) {
      if (about !== null) this.#decidedAbout.add(about);
    }
    await this.#follow(mentions, this.#ofBatch);
  }

  /**
   * Takes out of the working set what a load added, so that a long cascade stays small. What events of
   * the batch may mean by now stays: records of a bare name, and requests that are decided on.
   */
  forget({ entries, names, dids }: Loaded): void {
    for (const name of names) this.#loadedNames.delete(name);
    const kept = new Set<string>();
    for (const entry of entries) {
      const { did, collection, rkey } = entry.key;
      const isNamed = this.#loadedNames.has(nameOf(collection, rkey));
      const isRequest = this.#mapper.decided.has(collection) && this.#decidedAbout.has(did);
      if (isNamed || isRequest) kept.add(did);
      else this.#world.forget(entry);
      // What it refers to may be forgotten, so it is as the ledger says.
      if (isNamed) entry.content = null;
    }
    for (const did of dids) {
      if (!kept.has(did)) this.#world.accounts.delete(did);
    }
  }

  /** Loads the accounts that the working set doesn't have yet. */
  async accounts(dids: Iterable<string>, loaded = new Loaded()): Promise<void> {
    const missing = [...new Set(dids)].filter((did) => !this.#world.accounts.has(did));
    if (missing.length === 0) return;
    loaded.dids.push(...missing);
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

  /** Loads records that are not in the working set, or not with their content. Returns what they mention. */
  async #loadRecords(
    keys: Iterable<RecordKey>,
    withContent: boolean,
    loaded: Loaded,
  ): Promise<Mentions[]> {
    const wanted = new Set<Entry>();
    for (const key of keys) {
      const known = this.#world.get(key);
      const entry = known ?? this.#world.entry(key);
      if (known === undefined) loaded.entries.push(entry);
      const lacksContent = withContent && entry.content === null && entry.rev !== null;
      if (known === undefined || lacksContent) wanted.add(entry);
    }
    if (wanted.size === 0) return [];
    const rows = [...wanted].map(({ key: { did, collection, rkey } }) => {
      return { did, collection, rkey, wanted: withContent && hasLinks(collection, this.#mapper) };
    });
    const [records] = await Promise.all([
      this.#tx.unsafe<RecordRow[]>(this.#records, parametersOf(WANTED, rows), PREPARED),
      this.accounts(rows.map(({ did }) => did), loaded),
    ]);
    const mentions: Mentions[] = [];
    for (const row of records) {
      const entry = this.#world.entry(row);
      fillEntry(entry, row);
      if (!withContent) continue;
      entry.content = storedContent(row, this.#mapper, this.#refusals);
      if (entry.content?.kind === "mapped") {
        const { links, about } = entry.content;
        mentions.push({ author: row.did, collection: row.collection, links, about });
      }
    }
    return mentions;
  }

  async #follow(mentions: readonly Mentions[], loaded: Loaded): Promise<void> {
    if (mentions.length === 0) return;
    await this.#followLinks(mentions, loaded);
    await this.#followDecisions(mentions, loaded);
  }

  async #followLinks(mentions: readonly Mentions[], loaded: Loaded): Promise<void> {
    const links = mentions.flatMap(({ author, links }) => links.map((link) => ({ author, link })));
    await this.load(links.map(({ author, link }) => keyOf(author, link)), loaded);
    const namesOf = new Map<string, Set<string>>();
    for (const { author, link } of links) {
      const { reference: { target }, target: rkey } = link;
      if (typeof rkey !== "string" || this.#world.ownTarget(author, link) !== null) continue;
      const name = nameOf(target, rkey);
      if (this.#loadedNames.has(name)) continue;
      this.#loadedNames.add(name);
      loaded.names.push(name);
      if (loaded === this.#ofBatch && this.#mapper.between.has(target)) {
        this.#hasUnsteadyNames = true;
      }
      const names = namesOf.get(target);
      if (names === undefined) namesOf.set(target, new Set([rkey]));
      else names.add(rkey);
    }
    for (const { nsid, table } of this.#mapper.collections) {
      // One live record means that one, several mean none.
      const wanted = [...namesOf.get(nsid) ?? []].map((rkey) => ({ rkey, most: this.#most }));
      if (wanted.length === 0) continue;
      const rows = await this.#tx.unsafe<{ rkey: string; did: string }[]>(
        candidatesStatement(table),
        parametersOf(NAME, wanted),
        PREPARED,
      );
      await this.load(rows.map(({ did, rkey }) => ({ did, collection: nsid, rkey })), loaded);
    }
  }

  async #followDecisions(mentions: readonly Mentions[], loaded: Loaded): Promise<void> {
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
        if (loaded !== this.#ofBatch || !asked.has(did)) continue;
        this.#decidedNames.add(nameOf(parent.collection, parent.rkey));
      }
      await this.load(rows.map(({ did, rkey }) => ({ did, collection: nsid, rkey })), loaded);
    }
  }
}
