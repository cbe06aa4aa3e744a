/**
 * Loads the records that bare references may mean: the live records of that name, of all repositories. Exactly one
 * resolves the reference, several resolve nothing.
 */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import type { Link } from "../../mapper/link.ts";
import { parametersOf } from "../tables/rows.ts";
import { type Entry, nameOf } from "./entry.ts";
import { NAME, questionsOf } from "./record_queries.ts";
import type { Loaded, RowLoader } from "./row_loader.ts";
import type { WorkingSet } from "./working_set.ts";

/** A link with the account that made it. */
export interface AuthoredLink {
  readonly author: string;
  readonly link: Link;
}

export class CandidateLoader {
  readonly #rows: RowLoader;
  readonly #workingSet: WorkingSet;
  readonly #mapper: Mapper;
  readonly #most: number;
  /** Names whose candidates are loaded or queried. */
  readonly #names = new Set<string>();
  /**
   * Whether a bare reference may mean a record that itself refers to others. Any parent of such a candidate can
   * change which candidates are live.
   */
  #areUnsteady = false;

  /** `most`: how many candidates of one name are loaded. */
  constructor(rows: RowLoader, workingSet: WorkingSet, mapper: Mapper, most: number) {
    this.#rows = rows;
    this.#workingSet = workingSet;
    this.#mapper = mapper;
    this.#most = most;
  }

  /** Loads the candidates of bare references: one query for each collection. */
  load(links: readonly AuthoredLink[], loaded: Loaded): Promise<Entry[]>[] {
    const namesOf = new Map<string, Set<string>>();
    for (const { author, link } of links) {
      const { reference: { target }, target: rkey } = link;
      if (typeof rkey !== "string" || this.#workingSet.ownTarget(author, link) !== null) continue;
      const name = nameOf(target, rkey);
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      loaded.names.push(name);
      const names = namesOf.get(target);
      if (names === undefined) namesOf.set(target, new Set([rkey]));
      else names.add(rkey);
    }
    return [...namesOf].map(async ([target, names]) => {
      const rows = [...names].map((rkey) => ({ rkey, most: this.#most }));
      const question = questionsOf(this.#mapper).candidates.get(target) ?? "";
      const candidates = await this.#rows.ask(question, parametersOf(NAME, rows));
      return this.#rows.take(candidates, true, loaded);
    });
  }

  /** Notes whether a candidate of these references may refer to others. Everything they name is loaded. */
  note(links: readonly AuthoredLink[]): void {
    this.#areUnsteady ||= links.some(({ author, link }) =>
      typeof link.target === "string" && this.#mapper.between.has(link.reference.target) &&
      this.#workingSet.ownTarget(author, link) === null
    );
  }

  /** Forgets that candidates of a name are loaded. */
  forget(name: string): void {
    this.#names.delete(name);
  }

  /** Whether a bare reference names this record. */
  names({ collection, rkey }: RecordKey): boolean {
    return this.#names.has(nameOf(collection, rkey));
  }

  /** Whether a bare reference may mean one of these records, or a record that refers to them. Null: any record. */
  mayMean(keys: readonly RecordKey[] | null): boolean {
    if (keys === null) return this.#names.size > 0;
    return this.#areUnsteady || keys.some((key) => this.names(key));
  }

  /** Whether a change of a record in this collection can change which candidates are live. */
  mayChangeBy(collection: string): boolean {
    return this.#areUnsteady && this.#mapper.targets.has(collection);
  }
}
