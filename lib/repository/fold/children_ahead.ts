/**
 * The children of the batch's records, read with the first queries of the batch. A query between the writes and the
 * commit would take a round trip of its own.
 *
 * The database returns the children from before the batch; those that the batch brings are found here. Once records
 * have been judged again, they may wait for others than before. From then on the database is queried.
 */

import type { Commit } from "../../decoder/event.ts";
import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import type { TransactionSql } from "../connection/sql.ts";
import { fewChildrenOf, namesOf } from "./cascade.ts";
import type { ChangedParent } from "./changed_parent.ts";
import { type Entry, uriOf } from "./entry.ts";
import type { RecordRow } from "./stored_rows.ts";

export class ChildrenAhead {
  readonly #tx: TransactionSql;
  readonly #mapper: Mapper;
  /** The parents whose children were read, by URI. True: including the children that it has while it is live. */
  readonly #asked = new Map<string, boolean>();
  #keys: readonly RecordKey[] = [];
  /** Records with references that the batch has written. */
  readonly #brought = new Set<Entry>();
  #isOver = false;

  constructor(tx: TransactionSql, mapper: Mapper) {
    this.#tx = tx;
    this.#mapper = mapper;
  }

  /** Reads the children of the commits' records. Returns their rows; none when there are too many. */
  async ask(commits: readonly Commit[]): Promise<readonly RecordRow[]> {
    const parents = new Map<string, ChangedParent>();
    for (const { did, collection, rkey, operation } of commits) {
      if (!this.#mapper.targets.has(collection)) continue;
      const key = { did, collection, rkey };
      // A deleted record may have been live, and then its live children change.
      parents.set(uriOf(key), { key, wasLive: operation === "delete" });
    }
    if (parents.size === 0) return [];
    const rows = await fewChildrenOf(this.#tx, this.#mapper, [...parents.values()]);
    if (rows === null) return [];
    for (const [uri, { wasLive }] of parents) this.#asked.set(uri, wasLive);
    return rows;
  }

  /** Notes the children that are in the working set. */
  loaded(keys: readonly RecordKey[]): void {
    this.#keys = keys;
  }

  /** Notes a record that the batch brought and has written. */
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

  /** The children of parents for which `knows` is true, and perhaps other records. */
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

  /** Records are judged again: from here on nothing is known. */
  end(): void {
    this.#isOver = true;
    this.#brought.clear();
  }
}
