/**
 * The working set of a batch: the records and accounts that its events touch or refer to. It answers
 * the one question that the fold asks: how does a record stand among the others?
 *
 * The answer is a pure function of the current records and accounts, so it does not depend on the
 * order in which they came. That is the first promise.
 */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Content } from "../../mapper/content.ts";
import { keyOf, type Link } from "../../mapper/link.ts";
import { type AccountEntry, unknownAccount } from "./account.ts";
import { type Entry, idOf, nameOf, uriOf } from "./entry.ts";
import { Records } from "./record_index.ts";
import { applied, type Parent, PLAIN, rejected, type Verdict, waits } from "./verdict.ts";

const NOBODY: readonly Entry[] = [];

export class WorkingSet {
  readonly #records: Records;
  readonly accounts = new Map<string, AccountEntry>();

  /**
   * `decided`: the collections with requests, and decisions about them. `isForeign`: whether a DID is in another
   * partition than the batch.
   */
  constructor(decided: ReadonlySet<string>, isForeign: (did: string) => boolean = () => false) {
    this.#records = new Records(decided, isForeign);
  }

  get(key: RecordKey): Entry | undefined {
    return this.#records.get(key);
  }

  /** The entry of a record, made when the working set has none. */
  entry(key: RecordKey): Entry {
    return this.#records.get(key) ?? this.#records.add(key);
  }

  /** The records of a repository that the ledger, or this batch, has. */
  ofRepository(did: string): Entry[] {
    return [...this.#records.ofRepository(did)].filter(({ rev }) => rev !== null);
  }

  /** Drops an entry that is not needed any more, so that a long cascade stays small. */
  forget(entry: Entry): void {
    this.#records.delete(entry);
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
    // Its own partition may not have seen yet what we see of its parents and of its account.
    if (entry.foreign) return PLAIN[stored?.state ?? "deleted"];
    if (content === null) {
      // Nothing of this batch has to do with what it says: what the ledger says of it, unless its
      // account changed.
      const state = stored?.state ?? "deleted";
      if (state !== "applied" && state !== "suppressed") return PLAIN[state];
      return PLAIN[this.account(entry.key.did).active ? "applied" : "suppressed"];
    }
    switch (content.kind) {
      case "deleted":
        return PLAIN.deleted;
      case "rejected":
        return rejected(content.refusal.reason, content.refusal.detail, null);
      case "unmapped":
      case "mapped":
        if (content.kind === "unmapped") {
          const state = this.account(entry.key.did).active ? "unmapped" : "suppressed";
          return content.reason === undefined
            ? PLAIN[state]
            : { ...PLAIN[state], reason: content.reason };
        }
        return this.account(entry.key.did).active
          ? this.#resolve(entry, content)
          : PLAIN.suppressed;
    }
  }

  /** The records that a link may mean: one, none, or several. */
  candidates(author: string, link: Link): readonly Entry[] {
    if (typeof link.target !== "string") {
      const entry = this.#records.get(link.target);
      return entry !== undefined && this.isLive(entry) ? [entry] : NOBODY;
    }
    const own = this.ownTarget(author, link);
    if (own !== null) return this.isLive(own) ? [own] : NOBODY;
    return this.#records.named(link.reference.target, link.target)
      .filter((entry) => entry.rev !== null && this.isLive(entry));
  }

  /** The author's own record that a bare link names; null when the repository has never had it. */
  ownTarget(author: string, link: Link): Entry | null {
    if (typeof link.target !== "string") return null;
    const own = this.#records.get(keyOf(author, link));
    return own !== undefined && own.rev !== null ? own : null;
  }

  /**
   * Whether a record that waits can do so for this name. It keeps the first reference that did not resolve
   * when it was judged; another one before it may have stopped to resolve since, which changes nothing.
   */
  canWaitFor({ key: { did }, content }: Entry, name: string | null): boolean {
    if (content?.kind !== "mapped") return false;
    const { collection, links, about } = content;
    const loose = this.#looseNames(did, content);
    return about !== null && nameOf(collection.nsid, about) === name ||
      links.some((link) =>
        this.candidates(did, link).length !== 1 && waitingFor(did, link, loose) === name
      );
  }

  /** Whether two links name one record, or one name that may mean any. */
  #hasRepeated(author: string, links: readonly Link[]): boolean {
    const names = links.map((link) => {
      const isLoose = typeof link.target === "string" && this.ownTarget(author, link) === null;
      const key = keyOf(author, link);
      return isLoose ? nameOf(key.collection, key.rkey) : uriOf(key);
    });
    return new Set(names).size < names.length;
  }

  #resolve(entry: Entry, content: Content & { kind: "mapped" }): Verdict {
    const author = entry.key.did;
    const loose = this.#looseNames(author, content);
    // Whether two references name one record doesn't depend on whether that record is live.
    if (content.collection.distinctReferences && this.#hasRepeated(author, content.links)) {
      return rejected("self_alliance", "expected two different scenes", loose);
    }

    const requests = this.#requests(content);
    const parents: Parent[] = [];
    for (const link of content.links) {
      const { owned } = link.reference;
      // A record that names somebody else's can't become right: it need not wait for it.
      if (owned && typeof link.target !== "string" && link.target.did !== author) {
        return notOwner(link, loose);
      }
      const candidates = this.candidates(author, link);
      const [parent] = candidates;
      if (parent === undefined || candidates.length > 1) {
        // Nobody can be asking for what isn't there: a decision comes up again with its request.
        if (requests.length > 0) return waitsForRequest(content, loose);
        const reason = parent === undefined ? "parent_missing" : "ambiguous_reference";
        return waits(reason, waitingFor(author, link, loose), loose);
      }
      if (owned && parent.key.did !== author) return notOwner(link, loose);
      parents.push({ column: link.reference.column, entry: parent });
    }
    if (requests.length > 0 && !requests.some((request) => this.#asksFor(request, parents))) {
      return waitsForRequest(content, loose);
    }
    return applied(parents, loose);
  }

  /**
   * All that the account that a decision is about has ever had in its collection. With none, it is an
   * invitation; else it counts while one of them asks for the same, and whoever took a request back is
   * not held by what was decided on it.
   */
  #requests({ collection, about }: Content & { kind: "mapped" }): readonly Entry[] {
    if (about === null) return NOBODY;
    return [...this.#records.ofAuthor(collection.nsid, about)].filter(({ rev }) => rev !== null);
  }

  #asksFor(request: Entry, parents: readonly Parent[]): boolean {
    if (request.foreign) {
      const [parent] = parents;
      return parent !== undefined && request.asksFor === idOf(parent.entry) && this.isLive(request);
    }
    if (request.content?.kind !== "mapped" || request.content.about !== null) return false;
    const verdict = this.judge(request);
    return verdict.state === "applied" &&
      parents.every(({ entry }, i) => verdict.parents[i]?.entry === entry);
  }

  /** The names that others can come to bear (see `Verdict.loose`); null when there are none. */
  #looseNames(
    author: string,
    { collection, links, about }: Content & { kind: "mapped" },
  ): readonly string[] | null {
    let loose = about === null ? null : [nameOf(collection.nsid, about)];
    for (const link of links) {
      if (typeof link.target !== "string" || this.ownTarget(author, link) !== null) continue;
      (loose ??= []).push(nameOf(link.reference.target, link.target));
    }
    return loose;
  }
}

function waitsForRequest(
  { collection, about }: Content & { kind: "mapped" },
  loose: readonly string[] | null,
): Verdict {
  return waits("parent_missing", nameOf(collection.nsid, about ?? ""), loose);
}

function notOwner(link: Link, loose: readonly string[] | null): Verdict {
  const detail = `${link.reference.field}: expected a record of the author's own repository`;
  return rejected("not_scene_owner", detail, loose);
}

function waitingFor(author: string, link: Link, loose: readonly string[] | null): string {
  const key = keyOf(author, link);
  const name = nameOf(key.collection, key.rkey);
  return typeof link.target === "string" && loose?.includes(name) ? name : uriOf(key);
}
