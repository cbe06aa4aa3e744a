/**
 * The working set of a batch: the records and accounts that its events touch or refer to. It answers
 * the one question that the fold asks: how does a record stand among the others?
 *
 * The answer is a pure function of the current records and accounts, so it does not depend on the
 * order in which they came. That is the first promise.
 */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Content, Link } from "../../mapper/content.ts";
import { type AccountEntry, unknownAccount } from "./account.ts";
import { type Entry, nameOf, unknownEntry, uriOf, type Verdict } from "./entry.ts";

const NO_PARENTS: ReadonlyMap<string, RecordKey> = new Map();

export class World {
  readonly entries = new Map<string, Entry>();
  readonly accounts = new Map<string, AccountEntry>();
  /** The entries of each collection/rkey, for bare references. */
  readonly #named = new Map<string, Set<Entry>>();

  /** The entry of a record, made when the working set has none. */
  entry(key: RecordKey): Entry {
    const uri = uriOf(key);
    let entry = this.entries.get(uri);
    if (entry === undefined) {
      entry = unknownEntry(key);
      this.entries.set(uri, entry);
      const name = nameOf(key.collection, key.rkey);
      const named = this.#named.get(name);
      if (named === undefined) this.#named.set(name, new Set([entry]));
      else named.add(entry);
    }
    return entry;
  }

  /** Drops an entry that is not needed any more, so that a long cascade stays small. */
  forget(entry: Entry): void {
    this.entries.delete(entry.uri);
    this.#named.get(nameOf(entry.key.collection, entry.key.rkey))?.delete(entry);
  }

  has(key: RecordKey): boolean {
    return this.entries.has(uriOf(key));
  }

  account(did: string): AccountEntry {
    let account = this.accounts.get(did);
    if (account === undefined) {
      account = unknownAccount(did);
      this.accounts.set(did, account);
    }
    return account;
  }

  /** Whether a record counts as there for those that refer to it. */
  isLive(entry: Entry): boolean {
    return this.judge(entry).state === "applied";
  }

  /** How a record stands. */
  judge(entry: Entry): Verdict {
    const { content, stored } = entry;
    if (content === null) {
      // Only referred to, and it refers to nothing itself: what the ledger says, unless its account
      // changed in this batch.
      const state = stored?.state ?? "deleted";
      if (state !== "applied" && state !== "suppressed") return verdict(state);
      return verdict(this.account(entry.key.did).active ? "applied" : "suppressed");
    }
    switch (content.kind) {
      case "deleted":
        return verdict("deleted");
      case "rejected":
        return rejected(content.refusal.reason, content.refusal.detail, null);
      case "unmapped":
      case "mapped":
        if (!this.account(entry.key.did).active) return verdict("suppressed");
        return content.kind === "mapped" ? this.#resolve(entry, content) : verdict("unmapped");
    }
  }

  /** The records that a link may mean: one, none, or several. */
  candidates(author: string, link: Link): readonly Entry[] {
    if (typeof link.target !== "string") {
      const entry = this.entries.get(uriOf(link.target));
      return entry !== undefined && this.isLive(entry) ? [entry] : [];
    }
    const own = this.ownTarget(author, link);
    if (own !== null) return this.isLive(own) ? [own] : [];
    const named = this.#named.get(nameOf(link.reference.target, link.target)) ?? [];
    return [...named].filter((entry) => entry.rev !== null && this.isLive(entry));
  }

  /** The author's own record that a bare link names; null when the repository has never had it. */
  ownTarget(author: string, link: Link): Entry | null {
    if (typeof link.target !== "string") return null;
    const key = { did: author, collection: link.reference.target, rkey: link.target };
    const own = this.entries.get(uriOf(key));
    return own !== undefined && own.rev !== null ? own : null;
  }

  #hasRepeated(author: string, links: readonly Link[]): boolean {
    const names = links.map((link) => {
      if (typeof link.target !== "string") return uriOf(link.target);
      return this.ownTarget(author, link)?.uri ?? nameOf(link.reference.target, link.target);
    });
    return new Set(names).size < names.length;
  }

  #resolve(entry: Entry, content: Content & { kind: "mapped" }): Verdict {
    const author = entry.key.did;
    const loose: string[] = [];
    for (const link of content.links) {
      if (typeof link.target === "string" && this.ownTarget(author, link) === null) {
        loose.push(nameOf(link.reference.target, link.target));
      }
    }
    const looseOrNull = loose.length > 0 ? loose : null;
    // Whether two references name one record doesn't depend on whether that record is live.
    if (content.collection.distinctReferences && this.#hasRepeated(author, content.links)) {
      return rejected("self_alliance", "expected two different scenes", looseOrNull);
    }

    const parents = new Map<string, RecordKey>();
    for (const link of content.links) {
      const { owned } = link.reference;
      // A record that names somebody else's can't become right: it need not wait for it.
      if (owned && typeof link.target !== "string" && link.target.did !== author) {
        return notOwner(link, looseOrNull);
      }
      const candidates = this.candidates(author, link);
      const [parent] = candidates;
      if (parent === undefined || candidates.length > 1) {
        return {
          state: "waiting",
          reason: parent === undefined ? "parent_missing" : "ambiguous_reference",
          detail: null,
          waitingFor: waitingFor(author, link, loose),
          loose: looseOrNull,
          parents: NO_PARENTS,
        };
      }
      if (owned && parent.key.did !== author) return notOwner(link, looseOrNull);
      parents.set(link.reference.column, parent.key);
    }
    return {
      state: "applied",
      reason: null,
      detail: null,
      waitingFor: null,
      loose: looseOrNull,
      parents,
    };
  }
}

function verdict(state: Verdict["state"]): Verdict {
  return { state, reason: null, detail: null, waitingFor: null, loose: null, parents: NO_PARENTS };
}

function rejected(
  reason: NonNullable<Verdict["reason"]>,
  detail: string,
  loose: readonly string[] | null,
): Verdict {
  return { state: "rejected", reason, detail, waitingFor: null, loose, parents: NO_PARENTS };
}

function notOwner(link: Link, loose: readonly string[] | null): Verdict {
  const detail = `${link.reference.field}: expected a record of the author's own repository`;
  return rejected("not_scene_owner", detail, loose);
}

function waitingFor(author: string, link: Link, loose: readonly string[]): string {
  if (typeof link.target !== "string") return uriOf(link.target);
  const name = nameOf(link.reference.target, link.target);
  if (loose.includes(name)) return name;
  return uriOf({ did: author, collection: link.reference.target, rkey: link.target });
}
