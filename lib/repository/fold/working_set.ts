/**
 * The working set of a batch: the records and accounts that its events touch or refer to. It answers the one
 * question of the fold: what is the verdict on a record?
 *
 * The verdict is a pure function of the current records and accounts, so the order of arrival doesn't matter.
 * That is the first guarantee.
 */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Content } from "../../mapper/content.ts";
import { isRequest } from "../../mapper/decision.ts";
import { keyOf, type Link } from "../../mapper/link.ts";
import { recordId } from "../../mapper/record_id.ts";
import { type AccountEntry, unknownAccount } from "./account.ts";
import { type Entry, idOf, nameOf, uriOf } from "./entry.ts";
import { Records } from "./record_index.ts";
import { applied, type Parent, PLAIN, rejected, type Verdict, waits } from "./verdict.ts";

const NOBODY: readonly Entry[] = [];

export class WorkingSet {
  readonly #records: Records;
  readonly accounts = new Map<string, AccountEntry>();

  /**
   * `decided`: the collections with requests, and decisions about them. `isForeign`: whether a DID is in
   * another partition.
   */
  constructor(decided: ReadonlySet<string>, isForeign: (did: string) => boolean = () => false) {
    this.#records = new Records(decided, isForeign);
  }

  get(key: RecordKey): Entry | undefined {
    return this.#records.get(key);
  }

  /** The entry of a record, created when the working set has none. */
  entry(key: RecordKey): Entry {
    return this.#records.get(key) ?? this.#records.add(key);
  }

  /** The records of a repository that the ledger or this batch has. */
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

  /** Whether references to this record resolve. */
  isLive(entry: Entry): boolean {
    return this.judge(entry).state === "applied";
  }

  /** The verdict on a record. */
  judge(entry: Entry): Verdict {
    const { content, stored } = entry;
    // Only its own partition decides. That partition may not know yet what is known here about its parents
    // and account.
    if (entry.foreign) return PLAIN[stored?.state ?? "deleted"];
    if (content === null) {
      // The batch doesn't change its content, so the ledger's verdict holds unless its account changed.
      const state = stored?.state ?? "deleted";
      if (state !== "applied" && state !== "suppressed") return PLAIN[state];
      return PLAIN[this.account(entry.key.did).active ? "applied" : "suppressed"];
    }
    switch (content.kind) {
      case "deleted":
        return PLAIN.deleted;
      case "rejected":
        return rejected(content.refusal.reason, content.refusal.detail, null);
      case "unmapped": {
        const verdict = PLAIN[this.account(entry.key.did).active ? "unmapped" : "suppressed"];
        return content.reason === undefined ? verdict : { ...verdict, reason: content.reason };
      }
      case "mapped":
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
   * Whether `name` is still a valid name to wait for. A waiting record keeps the first reference that did not
   * resolve when it was judged. An earlier reference may have stopped resolving since; the record keeps
   * waiting for the same name.
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

  /** Whether two links name one record, or one name that may mean any record. */
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
    // Whether two references name the same record doesn't depend on that record being live.
    if (content.collection.distinctReferences && this.#hasRepeated(author, content.links)) {
      return rejected("self_alliance", "expected two different scenes", loose);
    }

    const requests = this.#requests(content);
    const parents: Parent[] = [];
    for (const link of content.links) {
      const { owned } = link.reference;
      // A record that refers to another owner's record can never become valid, so it need not wait.
      if (owned && typeof link.target !== "string" && link.target.did !== author) {
        return notOwner(link, loose);
      }
      const candidates = this.candidates(author, link);
      const [parent] = candidates;
      if (parent === undefined || candidates.length > 1) {
        // Nobody can request what doesn't exist. The decision is judged again when a request comes. One of another
        // partition that is still live may stay so without a note, if its parent comes back in time.
        if (
          requests.length > 0 &&
          !requests.some((request) => this.#stillAsksFor(request, author, link))
        ) return waitsForRequest(content, loose);
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
   * All requests that the account has ever made in this collection. With none, the decision is an invitation.
   * Otherwise the decision counts while one of them asks for the same scene, so a withdrawn request also ends
   * what was decided about it.
   */
  #requests({ collection, about }: Content & { kind: "mapped" }): readonly Entry[] {
    if (about === null) return NOBODY;
    return [...this.#records.ofAuthor(collection.nsid, about)].filter(({ rev }) => rev !== null);
  }

  /** Whether a request of another partition is live although what it asks for is not. */
  #stillAsksFor(request: Entry, author: string, link: Link): boolean {
    return request.foreign && request.asksFor === recordId(keyOf(author, link)) &&
      this.isLive(request);
  }

  #asksFor(request: Entry, parents: readonly Parent[]): boolean {
    if (request.foreign) {
      const [parent] = parents;
      return parent !== undefined && request.asksFor === idOf(parent.entry) && this.isLive(request);
    }
    if (!isRequest(request.content)) return false;
    const verdict = this.judge(request);
    return verdict.state === "applied" &&
      parents.every(({ entry }, i) => verdict.parents[i]?.entry === entry);
  }

  /** The names that other records can take later (see `Verdict.loose`); null when there are none. */
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
