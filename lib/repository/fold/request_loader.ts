/** Loads the requests that decisions answer. */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import { keyOf, type Mentions } from "../../mapper/link.ts";
import { recordId } from "../../mapper/record_id.ts";
import { parametersOf } from "../tables/rows.ts";
import { type Entry, nameOf } from "./entry.ts";
import { questionsOf, REQUEST } from "./record_queries.ts";
import type { Loaded, RowLoader } from "./row_loader.ts";

export class RequestLoader {
  readonly #rows: RowLoader;
  readonly #mapper: Mapper;
  readonly #most: number;
  /** The accounts that decisions of the batch are about. */
  readonly #decidedAbout = new Set<string>();
  /**
   * Names that decisions of the batch are about, where the account has made requests before: the decision may
   * make one of those count.
   */
  readonly #decidedNames = new Set<string>();

  /** `most`: how many requests of one account for one thing are loaded. */
  constructor(rows: RowLoader, mapper: Mapper, most: number) {
    this.#rows = rows;
    this.#mapper = mapper;
    this.#most = most;
  }

  /** Notes which accounts are decided about. */
  note(mentions: readonly Mentions[]): void {
    for (const { about } of mentions) {
      if (about !== null) this.#decidedAbout.add(about);
    }
  }

  /** Loads the requests that decisions answer: one query for each collection. */
  load(mentions: readonly Mentions[], loaded: Loaded): Promise<Entry[]>[] {
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
      const question = questionsOf(this.#mapper).requests.get(nsid) ?? "";
      const requests = await this.#rows.ask(question, parametersOf(REQUEST, rows));
      const asked = new Set(requests.map(({ did }) => did));
      for (const { did, parent } of decisions) {
        if (!loaded.isOfBatch || !asked.has(did)) continue;
        this.#decidedNames.add(nameOf(parent.collection, parent.rkey));
      }
      return this.#rows.take(requests, true, loaded);
    });
  }

  /** Whether the record is one of an account that decisions of the batch are about. */
  mayBeAnswered({ did, collection }: RecordKey): boolean {
    return this.#mapper.decided.has(collection) && this.#decidedAbout.has(did);
  }

  /** Whether a request that a decision of the batch answers may ask for this record. */
  mayAskFor({ collection, rkey }: RecordKey): boolean {
    return this.#decidedNames.size > 0 && this.#decidedNames.has(nameOf(collection, rkey));
  }
}
