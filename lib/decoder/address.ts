/**
 * The syntax of a record's address: DID, collection, record key and revision. Sources: the AT Protocol's DID,
 * NSID, record key, TID and handle specifications.
 */

import type { Refusal } from "./event.ts";

/** A record's address and the revision of a commit; all of it validated. */
export interface Address {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
  readonly rev: string;
}

const DID_MAX = 2048;
const NSID_MAX = 317;

/**
 * DID, collection and record key are one index key in Postgres, whose limit is 2704 bytes with its
 * own overhead. All three are ASCII here, so characters are bytes.
 */
const KEY_MAX = 2600;

// The character classes allow one way to match, so no input makes these backtrack.
const DID = /^did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]$/;
const NSID =
  /^[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+\.[A-Za-z][A-Za-z0-9]{0,62}$/;
const RKEY = /^[A-Za-z0-9._:~-]{1,512}$/;
// Not only TIDs: test servers and older repositories use other words, and revisions are only compared.
const REV = /^[A-Za-z0-9._:~-]{1,255}$/;
const HANDLE =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const HANDLE_MAX = 253;

/** Whether a value is a DID of at most 2,048 characters. */
export function isDid(value: unknown): value is string {
  return typeof value === "string" && value.length <= DID_MAX && DID.test(value);
}

/** Whether a value is an NSID of at most 317 characters. */
export function isNsid(value: unknown): value is string {
  return typeof value === "string" && value.length <= NSID_MAX && NSID.test(value);
}

/** Whether a value is a record key of 1 to 512 characters. */
export function isRkey(value: unknown): value is string {
  return typeof value === "string" && RKEY.test(value) && value !== "." && value !== "..";
}

/** Whether a value can be a revision: 1 to 255 characters of the record key's alphabet. */
export function isRev(value: unknown): value is string {
  return typeof value === "string" && REV.test(value);
}

/** Whether a value is a handle: a host name of at most 253 characters, which no IP address is. */
export function isHandle(value: unknown): value is string {
  return typeof value === "string" && value.length <= HANDLE_MAX && HANDLE.test(value);
}

/** Validates the four parts of a commit's address. The refusal names the first invalid part. */
export function readAddress(
  parts: { readonly [part in keyof Address]: unknown },
): Address | Refusal {
  const { did, collection, rkey, rev } = parts;
  if (!isDid(did)) return refusalOf("did", did, "invalid_did", "a DID");
  if (!isNsid(collection)) {
    return refusalOf("collection", collection, "invalid_collection", "an NSID");
  }
  if (!isRkey(rkey)) return refusalOf("rkey", rkey, "invalid_rkey", "a record key");
  if (!isRev(rev)) return refusalOf("rev", rev, "invalid_rev", "a revision");
  if (did.length + collection.length + rkey.length > KEY_MAX) {
    return {
      reason: "address_too_long",
      detail: `DID, collection and record key are longer than ${KEY_MAX} bytes together`,
    };
  }
  return { did, collection, rkey, rev };
}

function refusalOf(
  part: string,
  value: unknown,
  reason: Refusal["reason"],
  expected: string,
): Refusal {
  if (value === undefined || value === null || value === "") {
    return { reason: "missing_field", detail: `${part} is missing` };
  }
  const got = typeof value === "string" ? `${value.length} characters` : `a ${typeof value}`;
  return { reason, detail: `${part} is not ${expected}: got ${got}` };
}
