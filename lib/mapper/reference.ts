/** How one record refers to another: by AT-URI, or by rkey alone. */

import { isDid, isRkey } from "../decoder/address.ts";
import type { Refusal } from "../decoder/event.ts";
import type { RecordKey } from "./collection.ts";

export type ParsedReference =
  | { readonly kind: "uri"; readonly key: RecordKey }
  /** The rkey alone: which record it means depends on the index. */
  | { readonly kind: "bare"; readonly rkey: string };

const SCHEME = "at://";

/**
 * The text of a reference field: a text, or the `uri` of a strong reference (`com.atproto.repo.strongRef`).
 * Its CID is ignored: a reference is to a record, not to a revision.
 */
export function referenceText(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return "uri" in value && typeof value.uri === "string" ? value.uri : value;
}

/**
 * Parses a reference to a record of the collection `target`. An AT-URI must have a DID (a handle can change
 * owners), that collection and a record, and nothing after it.
 */
export function parseReference(text: string, target: string): ParsedReference | Refusal {
  if (!text.startsWith(SCHEME)) {
    return isRkey(text) ? { kind: "bare", rkey: text } : refuse("expected an AT-URI or an rkey");
  }
  const didEnd = text.indexOf("/", SCHEME.length);
  const collectionEnd = text.indexOf("/", didEnd + 1);
  if (didEnd < 0 || collectionEnd < 0) return refuse(`expected at://did/${target}/rkey`);
  const did = text.slice(SCHEME.length, didEnd);
  const rkey = text.slice(collectionEnd + 1);
  if (!isDid(did)) return refuse("expected a DID as the authority of the AT-URI");
  if (text.slice(didEnd + 1, collectionEnd) !== target) {
    return refuse(`expected an AT-URI of the collection ${target}`);
  }
  if (!isRkey(rkey)) return refuse("expected one valid rkey at the end of the AT-URI");
  return { kind: "uri", key: { did, collection: target, rkey } };
}

function refuse(detail: string): Refusal {
  return { reason: "invalid_reference", detail };
}
