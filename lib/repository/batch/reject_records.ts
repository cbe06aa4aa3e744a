/** Rejects the records whose rows Postgres rejected. */

import type { Row } from "../../mapper/collection.ts";
import { idempotencyKey } from "../../mapper/idempotency_key.ts";
import type { Refusals } from "../fold/batch.ts";
import type { BulkWrite } from "../tables/bulk_write.ts";
import type { RefusedRow } from "./refused_rows.ts";

/**
 * Adds to `refusals` the records of some rows of a write. Returns the rows that are new in it, or whose record
 * is now rejected without its body; the others would be rejected again and again.
 */
export function rejectRecords(
  rows: readonly RefusedRow[],
  write: BulkWrite,
  refusals: Refusals,
): readonly RefusedRow[] {
  const rejected: RefusedRow[] = [];
  for (const refused of rows) {
    const key = refusalKeyOf(refused.row, write);
    if (key === null || refusals.get(key)?.keepRecord === false) continue;
    refusals.set(key, {
      refusal: {
        reason: "database_refused",
        detail: `table ${write.name}, SQLSTATE ${refused.sqlState}`,
      },
      // A record that the ledger itself can't store, or that is rejected again, loses its body.
      keepRecord: write.collection !== undefined && !refusals.has(key),
    });
    rejected.push(refused);
  }
  return rejected;
}

/** The idempotency key of the record that a row belongs to; null when it belongs to none. */
function refusalKeyOf(row: Row, write: BulkWrite): string | null {
  if (write.name === "dead_letters") return textOf(row["fingerprint"]);
  const did = textOf(row["did"] ?? row["record_did"]);
  const collection = textOf(row["collection"] ?? write.collection);
  const rkey = textOf(row["rkey"] ?? row["record_rkey"]);
  const rev = textOf(row["rev"] ?? row["record_rev"]);
  if (did === null || collection === null || rkey === null || rev === null) return null;
  return idempotencyKey({ did, collection, rkey }, rev);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
