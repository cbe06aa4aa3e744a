/**
 * The content of a record's revision on its own, before its account and its parents are considered. The
 * repository considers those, because they change after the record was written.
 *
 * The content is judged, and is small for any record. The body is written, can be large, and is released once
 * it is written.
 */

import type { Commit, Refusal } from "../decoder/event.ts";
import type { JsonObject } from "../decoder/json.ts";
import { type Collection, isRefusal, type RecordKey, type Row } from "./collection.ts";
import { newestForm } from "./schema_version.ts";
import {
  type Fields,
  hasRepeated,
  type Link,
  linkFields,
  type Mentions,
  mentionsOf,
} from "./link.ts";
import { createdAt } from "./timestamp.ts";

/** What a revision is, and what it says about other records. */
export type Content =
  | { readonly kind: "deleted" }
  | {
    readonly kind: "rejected";
    readonly refusal: Refusal;
    /** Whether the decoder refused it: then mapping the rest again would be wrong. */
    readonly byDecoder: boolean;
  }
  | {
    /** Kept without mapping. */
    readonly kind: "unmapped";
    /** The reason, in a collection that has a product table. */
    readonly reason?: "newer_version";
  }
  | {
    readonly kind: "mapped";
    readonly collection: Collection;
    readonly links: readonly Link[];
    /** For a decision about another account: that account's DID. */
    readonly about: string | null;
  };

/** The body of a revision. */
export interface Body {
  /** The coarsened record; for a rejected one, what is left of it. Null when nothing can be kept. */
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
  /**
   * NSIDs of the collections whose records others depend on: by a reference, or as the request that a
   * decision answers.
   */
  readonly targets: ReadonlySet<string>;
  /** NSIDs of those targets that refer to other records themselves, so that their state depends on those. */
  readonly between: ReadonlySet<string>;
  /** NSIDs of the collections with requests, and decisions about them. */
  readonly decided: ReadonlySet<string>;
  /** The fields of a record that `content` reads. */
  readonly linkFields: ReadonlySet<string>;
  /** The revision that a commit brings. */
  commit(commit: Commit): Revision;
  /** The records that a commit may mention, without judging it: at least those that its content mentions. */
  mentions(commit: Commit): Mentions;
  /** The revision of a ledger record. */
  record(key: RecordKey, record: JsonObject, timeUs: number): Revision;
  /** The content of a record that was mapped before, from the fields that refer to other records. */
  content(key: RecordKey, fields: Fields): Content;
}

const NOTHING: Body = { record: null, row: null };
/** A record in a form that only a later version of this program knows. */
export const NEWER = { kind: "unmapped", reason: "newer_version" } as const;
/** The revision that a delete brings. */
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
 * When a revision says that its record was made, as RFC 3339 in UTC that compares as text: its `createdAt` if
 * that is possible, otherwise the time of the event.
 */
export function creationOf({ record, remains, position }: Commit): string {
  return createdAt(record ?? remains ?? {}, position.timeUs);
}
