/** Identifiers that the tables derive from a record's address. */

import { createHash } from "node:crypto";

interface Address {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
}

/** Hex SHA-256 of the address and the revision, joined by NUL. */
export function idempotencyKeyOf(
  { did, collection, rkey, rev }: Address & { rev: string },
): string {
  return createHash("sha256").update([did, collection, rkey, rev].join("\0")).digest("hex");
}

/** A version 8 UUID: the first 16 bytes of SHA-256 of the address, with version and variant set. */
export function rowIdOf({ did, collection, rkey }: Address): string {
  const hex = createHash("sha256").update([did, collection, rkey].join("\0")).digest("hex");
  const variant = "89ab".charAt(parseInt(hex.charAt(16), 16) & 3);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
