/** The idempotency key, which identifies a revision of a record. */

import { hash } from "node:crypto";
import type { RecordKey } from "./collection.ts";

/** Lower-case hex SHA-256 of did, collection, rkey and rev, joined by NUL. */
export function idempotencyKey({ did, collection, rkey }: RecordKey, rev: string): string {
  return hash("sha256", `${did}\0${collection}\0${rkey}\0${rev}`, "hex");
}
