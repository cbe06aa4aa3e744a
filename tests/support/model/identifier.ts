/** Identifiers that the tables derive from a record's address. */

import { createHash } from "node:crypto";

interface Address {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
}

/** By address: the tables are derived again and again, and a hash takes longer than all else of a row. */
const keys = new WeakMap<Address, string>();
const rowIds = new WeakMap<Address, string>();

/** Hex SHA-256 of the address and the revision, joined by NUL. */
export function idempotencyKeyOf(address: Address & { rev: string }): string {
  const { did, collection, rkey, rev } = address;
  const key = keys.get(address) ?? sha256(did, collection, rkey, rev);
  keys.set(address, key);
  return key;
}

/** A version 8 UUID: the first 16 bytes of SHA-256 of the address, with version and variant set. */
export function rowIdOf(address: Address): string {
  const id = rowIds.get(address) ?? uuidOf(address);
  rowIds.set(address, id);
  return id;
}

function uuidOf({ did, collection, rkey }: Address): string {
  const hex = sha256(did, collection, rkey);
  const variant = "89ab".charAt(parseInt(hex.charAt(16), 16) & 3);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

function sha256(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex");
}
