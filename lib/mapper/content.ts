/**
 * What a revision of a record is, on its own: before anybody asks whether its account is active or
 * its parents exist. The repository decides those, because they change after the record was written.
 *
 * What is judged, the content, is small whatever the record; what is written, its body, is not, and is
 * held no longer than it takes to write it.
 */

import type { Commit, Refusal } from "../decoder/event.ts";
import type { JsonObject } from "../decoder/json.ts";
import { type Collection, isRefusal, type RecordKey, type Row } from "./collection.ts";
import { newestForm } from "./form.ts";
import {
  type Fields,
  hasRepeated,
  type Link,
  linkFields,
  type Mentions,
  mentionsOf,
} from "./link.ts";
import { createdAt } from "./timestamp.ts";

/** What a revision is, and says about other records. */
export type Content =
  | { readonly kind: "deleted" }
  | {
    readonly kind: "rejected";
    readonly refusal: Refusal;
    /** The decoder refused it, so mapping what is left of it again would be wrong. */
    readonly byDecoder: boolean;
  }
  | {
    /** Kept as it is. */
    readonly kind: "unmapped";
    /** Why, in a collection that has a product table. */
    readonly reason?: "newer_version";
  }
  | {
    readonly kind: "mapped";
    readonly collection: Collection;
    readonly links: readonly Link[];
    /** For a decision about somebody else: that account's DID. */
    readonly about: string | null;
  };

/** What a revision holds. */
export interface Body {
  /** The record after coarsening; of a rejected one what is left of it. Null when nothing can be kept. */
  readonly record: JsonObject | null;
  /** Null when it has no row in a product table. */
  readonly row: Row | null;
}

export interface Revision {
  readonly content: Content;
  readonly body: Body;
}

export interface Mapper {
  /** The collections that have a product table. */
  readonly collections: readonly Collection[];
  /** NSIDs of those whose records others hang on: by a reference, or as a decision on its request. */
  readonly targets: ReadonlySet<string>;
  /** NSIDs of those targets that refer to others themselves, and stand as those do. */
  readonly between: ReadonlySet<string>;
  /** NSIDs of those with requests, and decisions about them. */
  readonly decided: ReadonlySet<string>;
  /** The fields of a record that `content` reads. */
  readonly linkFields: ReadonlySet<string>;
  /** What a commit brings. */
  commit(commit: Commit): Revision;
  /**
   * What the record of a commit may mention, told without judging it: at least what its content
   * does.
   */
  mentions(commit: Commit): Mentions;
  /** What a record from the ledger is. */
  record(key: RecordKey, record: JsonObject, timeUs: number): Revision;
  /** The same of a record that was mapped before, from the fields that tell what it says about others. */
  content(key: RecordKey, fields: Fields): Content;
}

const NOTHING: Body = { record: null, row: null };
/** A record of a form that a later version of this program knows. */
export const NEWER = { kind: "unmapped", reason: "newer_version" } as const;
/** What a delete brings. */
export const DELETED: Revision = { content: { kind: "deleted" }, body: NOTHING };

/** A mapper for some collections; `jitterSecret` keys `display_point`. */
export function createMapper(collections: readonly Collection[], jitterSecret: string): Mapper {
  const byNsid = new Map(collections.map((collection) => [collection.nsid, collection]));

  function content({ did, collection: nsid }: RecordKey, fields: Fields): Content {
    const collection = byNsid.get(nsid);
    if (collection === undefined) return { kind: "unmapped" };
    const form = newestForm(fields, collection.upgrades ?? []);
    if ("newer" in form) return NEWER;
    if ("reason" in form) return { kind: "rejected", refusal: form, byDecoder: false };
    const mentions = mentionsOf(collection, did, form.record);
    if ("reason" in mentions) return { kind: "rejected", refusal: mentions, byDecoder: false };
    const { links, about } = mentions;
    if (collection.distinctReferences && hasRepeated(links)) {
      const refusal: Refusal = { reason: "self_alliance", detail: "expected two different scenes" };
      return { kind: "rejected", refusal, byDecoder: false };
    }
    return { kind: "mapped", collection, links, about };
  }

  function record(key: RecordKey, record: JsonObject, timeUs: number): Revision {
    const collection = byNsid.get(key.collection);
    if (collection === undefined) {
      return { content: { kind: "unmapped" }, body: { record, row: null } };
    }
    const form = newestForm(record, collection.upgrades ?? []);
    if ("newer" in form) return { content: NEWER, body: { record, row: null } };
    const mapped = "reason" in form
      ? form
      : collection.map(form.record, { key, timeUs, jitterSecret });
    if (isRefusal(mapped)) {
      const content = { kind: "rejected", refusal: mapped, byDecoder: false } as const;
      return { content, body: { record, row: null } };
    }
    return { content: content(key, record), body: { record, row: mapped.row } };
  }

  function commit(commit: Commit): Revision {
    if (commit.operation === "delete") return DELETED;
    if (commit.refusal !== null) {
      const { refusal, remains } = commit;
      const content = { kind: "rejected", refusal, byDecoder: true } as const;
      return { content, body: { record: remains, row: null } };
    }
    if (commit.record === null) {
      throw new TypeError(`a ${commit.operation} that was not refused has no record`);
    }
    return record(commit, commit.record, commit.position.timeUs);
  }

  function mentions({ did, collection, record }: Commit): Mentions {
    const known = byNsid.get(collection);
    const form = known === undefined ? null : newestForm(record ?? {}, known.upgrades ?? []);
    if (known !== undefined && form !== null && "record" in form) {
      const mentions = mentionsOf(known, did, form.record);
      if (!("reason" in mentions)) return mentions;
    }
    return { author: did, collection, links: [], about: null };
  }

  const decided = new Set(
    collections.filter(({ decidesAbout }) => decidesAbout !== undefined).map(({ nsid }) => nsid),
  );
  const targets = new Set([
    ...collections.flatMap(({ references }) => references.map(({ target }) => target)),
    ...decided,
  ]);
  const between = new Set(
    collections.filter(({ nsid, references }) => targets.has(nsid) && references.length > 0)
      .map(({ nsid }) => nsid),
  );
  return {
    collections,
    targets,
    between,
    decided,
    linkFields: linkFields(collections),
    commit,
    mentions,
    record,
    content,
  };
}

/**
 * When a revision says that its record was made, as RFC 3339 in UTC that compares as text: its
 * `createdAt` where that can be, else the time of the event.
 */
export function creationOf({ record, remains, position }: Commit): string {
  return createdAt(record ?? remains ?? {}, position.timeUs);
}
