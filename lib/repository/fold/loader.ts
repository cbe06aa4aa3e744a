/**
 * Fills the working set: the ledger rows of the given records, of the records that they refer to, and the
 * accounts of all authors. The caller holds the writers' lock, so what was loaded stays true.
 *
 * Record bodies are not loaded here, so the working set is small however large the records are.
 */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import { isRequest } from "../../mapper/decision.ts";
import { keyOf, type Mentions } from "../../mapper/link.ts";
import type { TransactionSql } from "../connection/sql.ts";
import { parametersOf } from "../tables/rows.ts";
import type { Refusals } from "./batch.ts";
import type { BatchReferences } from "./batch_references.ts";
import { CandidateLoader } from "./candidate_loader.ts";
import { type Entry, nameOf, uriOf } from "./entry.ts";
import { DID, questionsOf, REPOSITORIES_MOST } from "./record_queries.ts";
import { RequestLoader } from "./request_loader.ts";
import { Loaded, mentionsOf, RowLoader } from "./row_loader.ts";
import type { RecordRow } from "./stored_rows.ts";
import type { WorkingSet } from "./working_set.ts";

export class Loader {
  readonly #workingSet: WorkingSet;
  readonly #mapper: Mapper;
  readonly #rows: RowLoader;
  readonly #candidates: CandidateLoader;
  readonly #requests: RequestLoader;
  /** Loaded because events of the batch mention it. */
  readonly #ofBatch = new Loaded(true);

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
    // Each event of the batch can remove at most one candidate or request, so this number is always enough.
    const most = batchSize + 2;
    this.#candidates = new CandidateLoader(this.#rows, workingSet, mapper, most);
    this.#requests = new RequestLoader(this.#rows, mapper, most);
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
    this.#requests.note(mentions);
    return this.#mentioned(mentions, this.#ofBatch);
  }

  /**
   * The records whose references must be loaded too. The others keep the verdict of the ledger, which does not say
   * what a request asks for.
   */
  concerned(referring: readonly Entry[], named: BatchReferences): Entry[] {
    return referring.filter((entry) => {
      const isConcerned = isRequest(entry.content) ||
        mentionsOf(entry).every((mentions) => named.concerns(mentions));
      if (!isConcerned) entry.content = null;
      return isConcerned;
    });
  }

  /** Loads everything that records refer to, directly or indirectly; with `named`, as far as the batch can change it. */
  follow(referring: readonly Entry[], named: BatchReferences | null = null): Promise<void> {
    this.#requests.note(referring.flatMap(mentionsOf));
    return this.#follow(referring, this.#ofBatch, named);
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
    const question = questionsOf(this.#mapper).ofRepositories;
    const records = await this.#rows.ask(question, parametersOf(DID, rows));
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
    const asked = [...entries, ...deepened].filter(({ key }) => this.#requests.mayBeAnswered(key));
    const requests = new Set(asked.filter(({ content }) => isRequest(content)));
    // The requests are judged by what they refer to, so their targets stay too.
    const needed = new Set(asked.map(({ key }) => uriOf(key)));
    for (const { key: { did }, content } of requests) {
      for (const link of content?.kind === "mapped" ? content.links : []) {
        const key = keyOf(did, link);
        needed.add(uriOf(key)).add(nameOf(key.collection, key.rkey));
      }
    }
    for (const name of names) if (!needed.has(name)) this.#candidates.forget(name);
    const kept = new Set<string>();
    for (const entry of entries) {
      const stays = needed.has(uriOf(entry.key)) || this.#candidates.names(entry.key);
      if (stays) kept.add(entry.key.did);
      else this.#workingSet.forget(entry);
    }
    // Targets of the other entries may be removed: the entries that stay fall back to the ledger's verdict.
    for (const entry of [...entries, ...deepened]) {
      if (!requests.has(entry)) entry.content = null;
    }
    for (const did of dids) if (!kept.has(did)) this.#rows.forgetAccount(did);
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
    return this.#candidates.mayMean(keys);
  }

  /** Whether the meaning of a later event may depend on the consequences of this commit. */
  mayAffectLaterEvents(key: RecordKey): boolean {
    return this.#candidates.mayChangeBy(key.collection) || this.#requests.mayAskFor(key);
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
      ...this.#candidates.load(links, loaded),
      ...this.#requests.load(mentions, loaded),
    ]);
    if (loaded.isOfBatch) this.#candidates.note(links);
    return answers.flat();
  }
}
