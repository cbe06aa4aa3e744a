/**
 * The working set of a batch: the records and accounts that its events touch or refer to. It answers
 * the one question that the fold asks: how does a record stand among the others?
 *
 * The answer is a pure function of the current records and accounts, so it does not depend on the
 * order in which they came. That is the first promise.
 */

import type { RecordKey } from "../../mapper/collection.ts";
import { type Content, keyOf, type Link } from "../../mapper/content.ts";
import { type AccountEntry, unknownAccount } from "./account.ts";
import { type Entry, nameOf, type Parent, type State, uriOf, type Verdict } from "./entry.ts";
import { Records } from "./records.ts";

const NOBODY: readonly Entry[] = [];

export class World {
  readonly #records = new Records();
  readonly accounts = new Map<string, AccountEntry>();

  get(key: RecordKey): Entry | undefined {
    return this.#records.get(key);
  }

  /** The entry of a record, made when the working set has none. */
  entry(key: RecordKey): Entry {
    return this.#records.get(key) ?? this.#records.add(key);
  }

  /** Drops an entry that is not needed any more, so that a long cascade stays small. */
  forget(entry: Entry): void {
    this.#records.delete(entry.key);
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
        if (!this.account(entry.key.did).active) return PLAIN.suppressed;
        return content.kind === "mapped" ? this.#resolve(entry, content) : PLAIN.unmapped;
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
    const loose = this.#looseNames(author, content.links);
    // Whether two references name one record doesn't depend on whether that record is live.
    if (content.collection.distinctReferences && this.#hasRepeated(author, content.links)) {
      return rejected("self_alliance", "expected two different scenes", loose);
    }

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
        return {
          state: "waiting",
          reason: parent === undefined ? "parent_missing" : "ambiguous_reference",
          detail: null,
          waitingFor: waitingFor(author, link, loose),
          loose,
          parents: [],
        };
      }
      if (owned && parent.key.did !== author) return notOwner(link, loose);
      parents.push({ column: link.reference.column, entry: parent });
    }
    return {
      state: "applied",
      reason: null,
      detail: null,
      waitingFor: null,
      loose,
      parents,
    };
  }

  /** The names of bare links that the author's own repository never had; null when there are none. */
  #looseNames(author: string, links: readonly Link[]): readonly string[] | null {
    let loose: string[] | null = null;
    for (const link of links) {
      if (typeof link.target !== "string" || this.ownTarget(author, link) !== null) continue;
      (loose ??= []).push(nameOf(link.reference.target, link.target));
    }
    return loose;
  }
}

/** Verdicts with nothing to add. */
const PLAIN: Readonly<Record<State, Verdict>> = {
  applied: plain("applied"),
  waiting: plain("waiting"),
  rejected: plain("rejected"),
  deleted: plain("deleted"),
  suppressed: plain("suppressed"),
  unmapped: plain("unmapped"),
};

function plain(state: State): Verdict {
  return { state, reason: null, detail: null, waitingFor: null, loose: null, parents: [] };
}

function rejected(
  reason: NonNullable<Verdict["reason"]>,
  detail: string,
  loose: readonly string[] | null,
): Verdict {
  return { state: "rejected", reason, detail, waitingFor: null, loose, parents: [] };
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
