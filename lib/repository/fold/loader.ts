/**
 * Fills the working set: the ledger's rows of given records, of what they refer to, and the accounts
 * of their authors. The caller holds the writer's lock, so what was loaded stays true.
 *
 * Nothing here loads what a record holds, so the working set is small however large the records are.
 */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import { keyOf, type Link, type Mentions } from "../../mapper/link.ts";
import { recordId } from "../../mapper/record_id.ts";
import type { Refusals } from "./batch.ts";
import { type Entry, nameOf, uriOf } from "./entry.ts";
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
import { Loaded, Taking } from "./taking.ts";

export class Loader {
  readonly #workingSet: WorkingSet;
  readonly #mapper: Mapper;
  readonly #taking: Taking;
  readonly #questions: RecordQuestions;
  /** What is loaded because events of the batch mention it. */
  readonly #ofBatch = new Loaded();
  /** Bare names whose candidates are loaded, or asked for. */
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
    workingSet: WorkingSet,
    mapper: Mapper,
    refusals: Refusals,
    batchSize: number,
  ) {
    this.#workingSet = workingSet;
    this.#mapper = mapper;
    this.#taking = new Taking(tx, workingSet, mapper, refusals);
    this.#most = batchSize + 2;
    this.#questions = questionsOf(mapper);
  }

  /** Loads the state of records about which the events of the batch are: what they say is told by those. */
  async loadStates(keys: Iterable<RecordKey>): Promise<void> {
    await this.#taking.byKey(keys, false, this.#ofBatch);
  }

  /** Loads records that are to be judged, unless their rows are there, and what they refer to. */
  async load(
    keys: Iterable<RecordKey>,
    rows: readonly RecordRow[] | null = null,
  ): Promise<Loaded> {
    const loaded = new Loaded();
    const mentions = rows === null
      ? await this.#taking.byKey(keys, true, loaded)
      : this.#taking.take(rows, true, loaded);
    await this.#follow(mentions, loaded);
    return loaded;
  }

  /**
   * Loads what events of the batch refer to, and the requests that the decisions among them answer. What
   * those mention in their turn is returned: it is to be followed too.
   */
  mentioned(mentions: readonly Mentions[]): Promise<Mentions[]> {
    this.#noteDecisions(mentions);
    return this.#mentioned(mentions, this.#ofBatch);
  }

  /** Loads all that something mentions, and that in its turn. */
  follow(mentions: readonly Mentions[]): Promise<void> {
    this.#noteDecisions(mentions);
    return this.#follow(mentions, this.#ofBatch);
  }

  #noteDecisions(mentions: readonly Mentions[]): void {
    for (const { about } of mentions) {
      if (about !== null) this.#decidedAbout.add(about);
    }
  }

  /**
   * Loads the records of some repositories, unless they are too many. Returns their keys, with what they
   * mention; null when they are too many.
   */
  async repositories(
    dids: Iterable<string>,
  ): Promise<{ readonly keys: RecordKey[]; readonly mentions: Mentions[] } | null> {
    const rows = [...new Set(dids)].map((did) => ({ did }));
    if (rows.length === 0) return null;
    const records = await this.#taking.ask(this.#questions.ofRepositories, parametersOf(DID, rows));
    if (records.length === REPOSITORIES_MOST) return null;
    const mentions = this.#taking.take(records, true, this.#ofBatch);
    return {
      keys: records.map(({ did, collection, rkey }) => ({ did, collection, rkey })),
      mentions,
    };
  }

  /**
   * Takes out of the working set what a load added, so that a long cascade stays small. What events of
   * the batch may mean by now stays: records of a bare name, and what those ever asked who are decided on.
   */
  forget({ entries, deepened, names, dids }: Loaded): void {
    const asked = [...entries, ...deepened].filter(({ key: { did, collection } }) =>
      this.#mapper.decided.has(collection) && this.#decidedAbout.has(did)
    );
    const requests = new Set(asked.filter(isRequest));
    // They are judged by what they refer to, so that stays too.
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
    // What the others refer to, or answer, may be forgotten: those that stay are as the ledger says.
    for (const entry of [...entries, ...deepened]) {
      if (!requests.has(entry)) entry.content = null;
    }
    for (const did of dids) {
      if (kept.has(did)) continue;
      this.#taking.forgetAccount(did);
    }
  }

  /** Loads the accounts that events of the batch are about. */
  accounts(dids: Iterable<string>): Promise<void> {
    return this.#taking.accounts(dids, this.#ofBatch);
  }

  /**
   * Whether some event of the batch may mean one of these records by its rkey alone, or what refers to them.
   * Null: they are not known.
   */
  mayMean(keys: readonly RecordKey[] | null): boolean {
    if (keys === null) return this.#loadedNames.size > 0;
    return this.#hasUnsteadyNames ||
      keys.some(({ collection, rkey }) => this.#loadedNames.has(nameOf(collection, rkey)));
  }

  /** Whether what a later event of the batch means may hang on the consequences of this commit. */
  maySway({ collection, rkey }: RecordKey): boolean {
    if (this.#hasUnsteadyNames && this.#mapper.targets.has(collection)) return true;
    return this.#decidedNames.size > 0 && this.#decidedNames.has(nameOf(collection, rkey));
  }

  async #follow(mentions: readonly Mentions[], loaded: Loaded): Promise<void> {
    for (let next = mentions; next.length > 0;) next = await this.#mentioned(next, loaded);
  }

  /** One question after another leaves before any is answered. */
  async #mentioned(mentions: readonly Mentions[], loaded: Loaded): Promise<Mentions[]> {
    if (mentions.length === 0) return [];
    const links = mentions.flatMap(({ author, links }) => links.map((link) => ({ author, link })));
    const answers = await Promise.all([
      this.#taking.byKey(links.map(({ author, link }) => keyOf(author, link)), true, loaded),
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

  /** Of a bare name the live records of all repositories: one live record means that one, several mean none. */
  #candidates(
    links: readonly { author: string; link: Link }[],
    loaded: Loaded,
  ): Promise<Mentions[]>[] {
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
      return this.#taking.take(
        await this.#taking.ask(question, parametersOf(NAME, rows)),
        true,
        loaded,
      );
    });
  }

  /** The requests that decisions answer. */
  #requests(mentions: readonly Mentions[], loaded: Loaded): Promise<Mentions[]>[] {
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
      const requests = await this.#taking.ask(question, parametersOf(REQUEST, rows));
      const asked = new Set(requests.map(({ did }) => did));
      for (const { did, parent } of decisions) {
        if (loaded !== this.#ofBatch || !asked.has(did)) continue;
        this.#decidedNames.add(nameOf(parent.collection, parent.rkey));
      }
      return this.#taking.take(requests, true, loaded);
    });
  }
}

/** Whether a record asks for something, and so can be what a decision answers. */
function isRequest({ content }: Entry): boolean {
  return content?.kind === "mapped" && content.about === null;
}
