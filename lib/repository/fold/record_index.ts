/** The records of a working set, by key, by name and by author. */

import type { RecordKey } from "../../mapper/collection.ts";
import { type Entry, nameOf, unknownEntry } from "./entry.ts";

/** The records of one name: nearly always one, otherwise by DID. */
type Holders = Entry | Map<string, Entry>;

export class Records {
  /** By collection, then rkey: no composite key has to be built, and names need no index of their own. */
  readonly #holders = new Map<string, Map<string, Holders>>();
  readonly #decided: ReadonlySet<string>;
  readonly #isForeign: (did: string) => boolean;
  /** By collection and author: the requests that decisions may answer. */
  readonly #requests = new Map<string, Set<Entry>>();

  /** `decided`: the collections with requests. `isForeign`: whether a DID is in another partition. */
  constructor(decided: ReadonlySet<string>, isForeign: (did: string) => boolean) {
    this.#decided = decided;
    this.#isForeign = isForeign;
  }

  get({ did, collection, rkey }: RecordKey): Entry | undefined {
    const holders = this.#holders.get(collection)?.get(rkey);
    if (holders instanceof Map) return holders.get(did);
    return holders?.key.did === did ? holders : undefined;
  }

  /** The records of all repositories with this collection and rkey. */
  named(collection: string, rkey: string): Entry[] {
    const holders = this.#holders.get(collection)?.get(rkey);
    if (holders === undefined) return [];
    return holders instanceof Map ? [...holders.values()] : [holders];
  }

  /** An account's records in a collection with requests. */
  ofAuthor(collection: string, did: string): Iterable<Entry> {
    return this.#requests.get(nameOf(collection, did)) ?? [];
  }

  /** The records of one repository. Scans all entries. */
  *ofRepository(did: string): Generator<Entry> {
    for (const byRkey of this.#holders.values()) {
      for (const holders of byRkey.values()) {
        const entry = holders instanceof Map ? holders.get(did) : holders;
        if (entry?.key.did === did) yield entry;
      }
    }
  }

  /** Adds a record that nothing is known about yet. */
  add(key: RecordKey): Entry {
    const entry = unknownEntry(key, this.#isForeign(key.did));
    const { did, collection, rkey } = entry.key;
    let byRkey = this.#holders.get(collection);
    if (byRkey === undefined) this.#holders.set(collection, byRkey = new Map());
    const holders = byRkey.get(rkey);
    if (holders === undefined) byRkey.set(rkey, entry);
    else if (holders instanceof Map) holders.set(did, entry);
    else byRkey.set(rkey, new Map([[holders.key.did, holders], [did, entry]]));
    if (this.#decided.has(collection)) {
      const name = nameOf(collection, did);
      const requests = this.#requests.get(name);
      if (requests === undefined) this.#requests.set(name, new Set([entry]));
      else requests.add(entry);
    }
    return entry;
  }

  delete(entry: Entry): void {
    const { did, collection, rkey } = entry.key;
    const byRkey = this.#holders.get(collection);
    const holders = byRkey?.get(rkey);
    if (holders instanceof Map) holders.delete(did);
    else if (holders?.key.did === did) byRkey?.delete(rkey);
    this.#requests.get(nameOf(collection, did))?.delete(entry);
  }
}
