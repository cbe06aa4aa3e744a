/**
 * The children of what the events of a batch are about, asked for with its first questions: far from the
 * database, a question of its own after all that is written would cost as much as all of that.
 *
 * They are those of before the batch. What the batch brings itself is looked through here. Once records were judged
 * again they may refer to others than before, so from there on the database is asked.
 */

import type { Commit } from "../../decoder/event.ts";
import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import type { TransactionSql } from "../connection/sql.ts";
import { CHUNK, fewChildrenOf, namesOf } from "./cascade.ts";
import type { ChangedParent } from "./changed_parent.ts";
import { type Entry, uriOf } from "./entry.ts";
import type { RecordRow } from "./stored_rows.ts";

export class ChildrenAhead {
  readonly #tx: TransactionSql;
  readonly #mapper: Mapper;
  /** By the URI of each parent that was asked about: whether those were too that refer to it as a live one. */
  readonly #asked = new Map<string, boolean>();
  #keys: readonly RecordKey[] = [];
  /** What events brought that refers to others. */
  readonly #brought = new Set<Entry>();
  #isOver = false;

  constructor(tx: TransactionSql, mapper: Mapper) {
    this.#tx = tx;
    this.#mapper = mapper;
  }

  /** Asks for the children that some commits may concern. Returns them as they stand, unless they are too many. */
  async ask(commits: readonly Commit[]): Promise<readonly RecordRow[]> {
    const parents = new Map<string, ChangedParent>();
    for (const { did, collection, rkey, operation } of commits) {
      if (!this.#mapper.targets.has(collection)) continue;
      const key = { did, collection, rkey };
      const uri = uriOf(key);
      // What has been live has live children, which matter when it goes.
      const wasLive = operation === "delete" || parents.get(uri)?.wasLive === true;
      parents.set(uri, { key, wasLive });
    }
    if (parents.size === 0 || parents.size > CHUNK) return [];
    const rows = await fewChildrenOf(this.#tx, this.#mapper, [...parents.values()]);
    if (rows === null) return [];
    for (const [uri, { wasLive }] of parents) this.#asked.set(uri, wasLive);
    return rows;
  }

  /** Notes which children are loaded. */
  loaded(keys: readonly RecordKey[]): void {
    this.#keys = keys;
  }

  /** Notes a record that an event brought and that was written. */
  brought(entry: Entry): void {
    if (this.#isOver || this.#asked.size === 0) return;
    if (entry.content?.kind === "mapped" && entry.content.links.length > 0) {
      this.#brought.add(entry);
    }
  }

  /** Whether all children of a parent are known. */
  knows({ key, wasLive }: ChangedParent): boolean {
    if (this.#isOver) return false;
    const isAsked = this.#asked.get(uriOf(key));
    return isAsked !== undefined && (isAsked || !wasLive);
  }

  /** The children of parents that are known, and perhaps others. */
  of(parents: readonly ChangedParent[]): RecordKey[] {
    if (parents.length === 0) return [];
    const uris = new Set(parents.map(({ key }) => uriOf(key)));
    const names = new Set(parents.flatMap(({ key }) => namesOf(key, this.#mapper)));
    const gone = new Set(parents.filter(({ wasLive }) => wasLive).map(({ key }) => uriOf(key)));
    const isChild = ({ stored, writtenParents }: Entry): boolean =>
      uris.has(stored?.waitingFor ?? "") ||
      stored?.loose?.some((name) => names.has(name)) === true ||
      (gone.size > 0 && writtenParents?.some(({ entry }) => gone.has(uriOf(entry.key))) === true);
    const brought = [...this.#brought].filter(isChild).map(({ key }) => key);
    return [...this.#keys, ...brought];
  }

  /** Records were judged again. */
  end(): void {
    this.#isOver = true;
    this.#brought.clear();
  }
}
