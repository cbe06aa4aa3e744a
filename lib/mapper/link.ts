/** What a record says about other records: all that its verdict needs from it. */

import type { Refusal } from "../decoder/event.ts";
import type { JsonObject } from "../decoder/json.ts";
import type { Collection, RecordKey, Reference } from "./collection.ts";
import { FORM_FIELD } from "./schema_version.ts";
import { parseReference, referenceText } from "./reference.ts";

/** A reference with its target: a record's key, or a bare rkey of an unknown repository. */
export interface Link {
  readonly reference: Reference;
  readonly target: RecordKey | string;
}

/** What a record says about other records. */
export interface Mentions {
  readonly author: string;
  readonly collection: string;
  readonly links: readonly Link[];
  /** For a decision about another account: that account's DID. */
  readonly about: string | null;
}

/** Fields of a record, by their wire names. Only references and a DID are read. */
export type Fields = JsonObject;

/** The fields of some collections that refer to other records or accounts. */
export function linkFields(collections: readonly Collection[]): ReadonlySet<string> {
  return new Set([
    FORM_FIELD,
    ...collections.flatMap(({ references, decidesAbout, upgrades = [] }) => [
      ...references.map(({ field }) => field),
      ...(decidesAbout === undefined ? [] : [decidesAbout]),
      ...upgrades.flatMap(({ links = [] }) => links),
    ]),
  ]);
}

/** What a record says about others, or its first invalid reference. */
export function mentionsOf(
  collection: Collection,
  author: string,
  fields: Fields,
): Mentions | Refusal {
  const about = aboutOf(collection, author, fields);
  const links: Link[] = [];
  for (const reference of collection.references) {
    const { field, madeBy } = reference;
    const value = referenceText(fields[field]);
    if (typeof value !== "string") continue;
    if (madeBy !== undefined && (madeBy === "decisions") !== (about !== null)) continue;
    const target = parseReference(value, reference.target);
    if ("reason" in target) return { ...target, detail: `${field}: ${target.detail}` };
    links.push({ reference, target: target.kind === "uri" ? target.key : target.rkey });
  }
  return { author, collection: collection.nsid, links, about };
}

/** The record that a link names; a bare rkey is taken as the author's own. */
export function keyOf(author: string, { reference, target }: Link): RecordKey {
  return typeof target === "string"
    ? { did: author, collection: reference.target, rkey: target }
    : target;
}

/** Whether two links name the same record. */
export function hasRepeated(links: readonly Link[]): boolean {
  return new Set(links.map(nameOf)).size < links.length;
}

/** The account that a record decides about; null when it is not a decision. */
function aboutOf({ decidesAbout }: Collection, author: string, fields: Fields): string | null {
  const about = decidesAbout === undefined ? undefined : fields[decidesAbout];
  return typeof about === "string" && about !== author ? about : null;
}

/** The same text for links that name the same record. */
function nameOf({ target }: Link): string {
  return typeof target === "string" ? target : `at://${target.did}/${target.rkey}`;
}
