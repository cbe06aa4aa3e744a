/**
 * What a revision of a record is, on its own: before anybody asks whether its account is active or
 * its parents exist. The repository decides those, because they change after the record was written.
 */

import type { Commit, Refusal } from "../decoder/event.ts";
import type { JsonObject } from "../decoder/json.ts";
import {
  type Collection,
  isRefusal,
  type RecordKey,
  type Reference,
  type Row,
} from "./collection.ts";
import { parseReference } from "./reference.ts";
import { createdAt } from "./timestamp.ts";

/** A reference with its target: a record's key, or a bare rkey whose repository is not named. */
export interface Link {
  readonly reference: Reference;
  readonly target: RecordKey | string;
}

export type Content =
  | { readonly kind: "deleted" }
  | {
    readonly kind: "rejected";
    readonly refusal: Refusal;
    /** What is left of the record after coarsening; null when nothing can be kept. */
    readonly record: JsonObject | null;
    /** The decoder refused it, so mapping what is left of it again would be wrong. */
    readonly byDecoder: boolean;
  }
  | { readonly kind: "unmapped"; readonly record: JsonObject }
  | {
    readonly kind: "mapped";
    readonly record: JsonObject;
    readonly collection: Collection;
    readonly row: Row;
    readonly links: readonly Link[];
    /** For a decision about somebody else: that account's DID. */
    readonly about: string | null;
  };

/** What a record says about other records. */
export interface Mentions {
  readonly author: string;
  readonly collection: string;
  readonly links: readonly Link[];
  readonly about: string | null;
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
  /** What a commit says about its record. */
  commit(commit: Commit): Content;
  /**
   * What the record of a commit may mention, told without judging it: at least what its content
   * does.
   */
  mentions(commit: Commit): Mentions;
  /** The same for a record from the ledger. */
  record(key: RecordKey, record: JsonObject, timeUs: number): Content;
}

/** A mapper for some collections; `jitterSecret` keys `display_point`. */
export function createMapper(collections: readonly Collection[], jitterSecret: string): Mapper {
  const byNsid = new Map(collections.map((collection) => [collection.nsid, collection]));

  function record(key: RecordKey, record: JsonObject, timeUs: number): Content {
    const collection = byNsid.get(key.collection);
    if (collection === undefined) return { kind: "unmapped", record };
    const mapped = collection.map(record, { key, timeUs, jitterSecret });
    if (isRefusal(mapped)) return { kind: "rejected", refusal: mapped, record, byDecoder: false };
    const links: Link[] = [];
    for (const { reference, value } of mapped.references) {
      const link = linkOf(reference, value);
      if ("reason" in link) {
        const refusal = { ...link, detail: `${reference.field}: ${link.detail}` };
        return { kind: "rejected", refusal, record, byDecoder: false };
      }
      links.push(link);
    }
    if (collection.distinctReferences && new Set(links.map(nameOf)).size < links.length) {
      const refusal: Refusal = { reason: "self_alliance", detail: "expected two different scenes" };
      return { kind: "rejected", refusal, record, byDecoder: false };
    }
    const about = aboutOf(collection, key.did, record);
    return { kind: "mapped", record, collection, row: mapped.row, links, about };
  }

  function commit(commit: Commit): Content {
    if (commit.operation === "delete") return { kind: "deleted" };
    if (commit.refusal !== null) {
      const { refusal, remains } = commit;
      return { kind: "rejected", refusal, record: remains, byDecoder: true };
    }
    if (commit.record === null) {
      throw new TypeError(`a ${commit.operation} that was not refused has no record`);
    }
    return record(commit, commit.record, commit.position.timeUs);
  }

  function mentions({ did, collection, record }: Commit): Mentions {
    const known = byNsid.get(collection);
    const links: Link[] = [];
    for (const reference of known?.references ?? []) {
      const value = record?.[reference.field];
      if (typeof value !== "string") continue;
      const link = linkOf(reference, value);
      if (!("reason" in link)) links.push(link);
    }
    const about = known === undefined ? null : aboutOf(known, did, record);
    return { author: did, collection, links, about };
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
  return { collections, targets, between, decided, commit, mentions, record };
}

/**
 * When a revision says that its record was made, as RFC 3339 in UTC that compares as text: its
 * `createdAt` where that can be, else the time of the event.
 */
export function creationOf({ record, remains, position }: Commit): string {
  return createdAt(record ?? remains ?? {}, position.timeUs);
}

/** Whom a record decides about; null when it is no decision. */
function aboutOf(
  { decidesAbout }: Collection,
  author: string,
  record: JsonObject | null,
): string | null {
  const about = decidesAbout === undefined ? undefined : record?.[decidesAbout];
  return typeof about === "string" && about !== author ? about : null;
}

function linkOf(reference: Reference, value: string): Link | Refusal {
  const target = parseReference(value, reference.target);
  if ("reason" in target) return target;
  return { reference, target: target.kind === "uri" ? target.key : target.rkey };
}

/** The record that a link names; a bare rkey as the author's own. */
export function keyOf(author: string, { reference, target }: Link): RecordKey {
  return typeof target === "string"
    ? { did: author, collection: reference.target, rkey: target }
    : target;
}

/** A text that is the same for links that name the same. */
function nameOf({ target }: Link): string {
  return typeof target === "string" ? target : `at://${target.did}/${target.rkey}`;
}
