/** Ids of product rows. */

import { hash } from "node:crypto";
import type { RecordKey } from "./collection.ts";

/**
 * The id of a record's product row: a UUID of version 8 (RFC 9562) made of the first bits of the SHA-256 of
 * did, collection and rkey, joined by NUL. It never changes, over update, delete and re-creation, so a
 * reference needs no look-up.
 */
export function recordId({ did, collection, rkey }: RecordKey): string {
  const hex = hash("sha256", `${did}\0${collection}\0${rkey}`, "hex");
  // The version replaces four bits, the variant (binary 10) two.
  const variant = (Number.parseInt(hex.charAt(16), 16) & 0x3 | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-` +
    `${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
