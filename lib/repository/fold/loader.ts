/**
 * Fills the working set: the ledger rows of the given records, of the records that they refer to, and the
 * accounts of all authors. The caller holds the writers' lock, so what was loaded stays true.
 *
 * Record bodies are not loaded here, so the working set is small however large the records are.
 */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import { keyOf, type Link, type Mentions } from "../../mapper/link.ts";
import { recordId } from "../../mapper/record_id.ts";
import type { Refusals } from "./batch.ts";
import { type Entry, nameOf, uriOf } from "./entry.ts";
import type { BatchReferences } from "./batch_references.ts";
import type { WorkingSet } from "./working_set.ts";
import { parametersOf } from "../tables/rows.ts";
import type { TransactionSql } from "../connection/sql.ts";
import {
  DID,
  NAME,
  questionsOf,
  type RecordQuestions,
  REPOSITORIES_MOST,
  REQUEST,
} from "./record_queries.ts";
import type { RecordRow } from "./stored_rows.ts";
import { Loaded, mentionsOf, RowLoader } from "./row_loader.ts";

export class Loader {
  readonly #workingSet: WorkingSet;
  readonly #mapper: Mapper;
  readonly #rows: RowLoader;
  readonly #questions: RecordQuestions;
  /** Loaded because events of the batch mention it. */
  readonly #ofBatch = new Loaded();
  /** Bare names whose candidates are loaded or queried. */
  readonly #loadedNames = new Set<string>();
  /**
   * Whether some bare reference may mean a record that itself refers to others. Any parent of such a
   * candidate can change which candidates are live.
   */
  #hasUnsteadyNames = false;
  /** The accounts that decisions of the batch are about. */
  readonly #decidedAbout = new Set<string>();
  /**
   * Names that decisions of the batch are about, where the account has made requests before: the decision may
   * make one of those count.
   */
  readonly #decidedNames = new Set<string>();
  /**
   * How many candidates of one name, or requests for one thing, are loaded. Each event of the batch can
   * remove at most one, so the number of events plus two is always enough.
   */
  readonly #most: number;

  constructor(
    tx: TransactionSql,
    workingSet: WorkingSet,
    mapper: Mapper,
    refusals: Refusals,
    batchSize: number,
  ) {
    this.#workingSet = workingSet;
    this.#mapper = mapper;
    this.#rows = new RowLoader(tx, workingSet, mapper, refusals);
    this.#most = batchSize + 2;
    this.#questions = questionsOf(mapper);
  }

  /** Loads the state of the records that the events are about, without their content: the events bring it. */
  async loadStates(keys: Iterable<RecordKey>): Promise<void> {
    await this.#rows.byKey(keys, false, this.#ofBatch);
  }

  /**
   * Loads records that are to be judged, unless their rows are given, and the records that they refer to: all of
   * them, or with `named` those whose verdict the batch can change.
   */
  async load(
    keys: Iterable<RecordKey>,
    rows: readonly RecordRow[] | null = null,
    named: BatchReferences | null = null,
  ): Promise<Loaded> {
    const loaded = new Loaded();
    const referring = rows === null
      ? await this.#rows.byKey(keys, true, loaded)
      : this.#rows.take(rows, true, loaded);
    await this.#follow(referring, loaded, named);
    return loaded;
  }

  /**
   * Loads what events of the batch refer to, and the requests that their decisions answer. Returns the records
   * that refer to others in turn, for the caller to follow.
   */
  mentioned(mentions: readonly Mentions[]): Promise<Entry[]> {
    this.#noteDecisions(mentions);
    return this.#mentioned(mentions, this.#ofBatch);
  }

  /**
   * The records whose references must be loaded too. The others keep the verdict of the ledger, which does not say
   * what a request asks for.
   */
  concerned(referring: readonly Entry[], named: BatchReferences): Entry[] {
    return referring.filter((entry) => {
      const isConcerned = this.#isRequest(entry) ||
        mentionsOf(entry).every((mentions) => named.concerns(mentions));
      if (!isConcerned) entry.content = null;
      return isConcerned;
    });
  }

  /** Loads everything that records refer to, directly or indirectly; with `named`, as far as the batch can change it. */
  follow(referring: readonly Entry[], named: BatchReferences | null = null): Promise<void> {
    this.#noteDecisions(referring.flatMap(mentionsOf));
    return this.#follow(referring, this.#ofBatch, named);
  }

  #noteDecisions(mentions: readonly Mentions[]): void {
    for (const { about } of mentions) {
      if (about !== null) this.#decidedAbout.add(about);
    }
  }

  /**
   * Loads the records of some repositories. Returns their keys and those that refer to others; null when there
   * are too many to load.
   */
  async repositories(
    dids: Iterable<string>,
  ): Promise<{ readonly keys: RecordKey[]; readonly referring: Entry[] } | null> {
    const rows = [...new Set(dids)].map((did) => ({ did }));
    if (rows.length === 0) return null;
    const records = await this.#rows.ask(this.#questions.ofRepositories, parametersOf(DID, rows));
    if (records.length === REPOSITORIES_MOST) return null;
    const referring = this.#rows.take(records, true, this.#ofBatch);
    return {
      keys: records.map(({ did, collection, rkey }) => ({ did, collection, rkey })),
      referring,
    };
  }

  /**
   * Removes what a load added to the working set, so that a long cascade stays small. Two things stay,
   * because events of the batch may refer to them: candidates of bare names, and all requests of accounts
   * that are decided about.
   */
  forget({ entries, deepened, names, dids }: Loaded): void {
    const asked = [...entries, ...deepened].filter(({ key: { did, collection } }) =>
      this.#mapper.decided.has(collection) && this.#decidedAbout.has(did)
    );
    const requests = new Set(asked.filter((entry) => this.#isRequest(entry)));
    // The requests are judged by what they refer to, so their targets stay too.
    const needed = new Set(asked.map(({ key }) => uriOf(key)));
    for (const { key: { did }, content } of requests) {
      for (const link of content?.kind === "mapped" ? content.links : []) {
        const key = keyOf(did, link);
        needed.add(uriOf(key)).add(nameOf(key.collection, key.rkey));
      }
    }
    for (const name of names) if (!needed.has(name)) this.#loadedNames.delete(name);
    const kept = new Set<string>();
    for (const entry of entries) {
      const { did, collection, rkey } = entry.key;
      const stays = needed.has(uriOf(entry.key)) ||
        this.#loadedNames.has(nameOf(collection, rkey));
      if (stays) kept.add(did);
      else this.#workingSet.forget(entry);
    }
    // Targets of the other entries may be removed: the entries that stay fall back to the ledger's verdict.
    for (const entry of [...entries, ...deepened]) {
      if (!requests.has(entry)) entry.content = null;
    }
    for (const did of dids) {
      if (kept.has(did)) continue;
      this.#rows.forgetAccount(did);
    }
  }

  /** Loads the accounts that events of the batch are about. */
  accounts(dids: Iterable<string>): Promise<void> {
    return this.#rows.accounts(dids, this.#ofBatch);
  }

  /**
   * Whether an event of the batch may refer to one of these records by rkey alone, or to a record that refers
   * to them. `keys` null: unknown, so the answer is yes.
   */
  mayMean(keys: readonly RecordKey[] | null): boolean {
    if (keys === null) return this.#loadedNames.size > 0;
    return this.#hasUnsteadyNames ||
      keys.some(({ collection, rkey }) => this.#loadedNames.has(nameOf(collection, rkey)));
  }

  /** Whether the meaning of a later event may depend on the consequences of this commit. */
  mayAffectLaterEvents({ collection, rkey }: RecordKey): boolean {
    if (this.#hasUnsteadyNames && this.#mapper.targets.has(collection)) return true;
    return this.#decidedNames.size > 0 && this.#decidedNames.has(nameOf(collection, rkey));
  }

  async #follow(
    referring: readonly Entry[],
    loaded: Loaded,
    named: BatchReferences | null = null,
  ): Promise<void> {
    for (let next = referring; next.length > 0;) {
      const found = await this.#mentioned(next.flatMap(mentionsOf), loaded);
      next = named === null ? found : this.concerned(found, named);
    }
  }

  /** Sends all queries before the first is answered. */
  async #mentioned(mentions: readonly Mentions[], loaded: Loaded): Promise<Entry[]> {
    if (mentions.length === 0) return [];
    const links = mentions.flatMap(({ author, links }) => links.map((link) => ({ author, link })));
    const answers = await Promise.all([
      this.#rows.byKey(links.map(({ author, link }) => keyOf(author, link)), true, loaded),
      ...this.#candidates(links, loaded),
      ...this.#requests(mentions, loaded),
    ]);
    if (loaded === this.#ofBatch) this.#hasUnsteadyNames ||= this.#areUnsteady(links);
    return answers.flat();
  }

  #areUnsteady(links: readonly { author: string; link: Link }[]): boolean {
    return links.some(({ author, link }) =>
      typeof link.target === "string" && this.#mapper.between.has(link.reference.target) &&
      this.#workingSet.ownTarget(author, link) === null
    );
  }

  /**
   * For a bare name, the live records of all repositories: exactly one resolves it, several resolve nothing.
   */
  #candidates(
    links: readonly { author: string; link: Link }[],
    loaded: Loaded,
  ): Promise<Entry[]>[] {
    const namesOf = new Map<string, Set<string>>();
    for (const { author, link } of links) {
      const { reference: { target }, target: rkey } = link;
      if (typeof rkey !== "string" || this.#workingSet.ownTarget(author, link) !== null) continue;
      const name = nameOf(target, rkey);
      if (this.#loadedNames.has(name)) continue;
      this.#loadedNames.add(name);
      loaded.names.push(name);
      const names = namesOf.get(target);
      if (names === undefined) namesOf.set(target, new Set([rkey]));
      else names.add(rkey);
    }
    return [...namesOf].map(async ([target, names]) => {
      const rows = [...names].map((rkey) => ({ rkey, most: this.#most }));
      const question = this.#questions.candidates.get(target) ?? "";
      return this.#rows.take(
        await this.#rows.ask(question, parametersOf(NAME, rows)),
        true,
        loaded,
      );
    });
  }

  /** The requests that decisions answer. */
  #requests(mentions: readonly Mentions[], loaded: Loaded): Promise<Entry[]>[] {
    return [...this.#mapper.decided].map(async (nsid) => {
      const decisions = mentions.flatMap(({ author, collection, links: [link], about }) =>
        collection === nsid && about !== null && link !== undefined
          ? [{ did: about, parent: keyOf(author, link) }]
          : []
      );
      if (decisions.length === 0) return [];
      const rows = decisions.map(({ did, parent }) => {
        return { did, parent: recordId(parent), most: this.#most };
      });
      const question = this.#questions.requests.get(nsid) ?? "";
      const requests = await this.#rows.ask(question, parametersOf(REQUEST, rows));
      const asked = new Set(requests.map(({ did }) => did));
      for (const { did, parent } of decisions) {
        if (loaded !== this.#ofBatch || !asked.has(did)) continue;
        this.#decidedNames.add(nameOf(parent.collection, parent.rkey));
      }
      return this.#rows.take(requests, true, loaded);
    });
  }

  /** Whether a record is a request, which a decision can answer. */
  #isRequest({ key, content }: Entry): boolean {
    return this.#mapper.decided.has(key.collection) && content?.kind === "mapped" &&
      content.about === null;
  }
}
