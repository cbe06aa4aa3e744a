/** Rows for one table, and the error thrown when Postgres rejects them. */

import type { Row } from "../../mapper/collection.ts";
import type { BulkStatement } from "./rows.ts";

/** One bulk statement with its rows. */
export interface BulkWrite {
  readonly name: string;
  readonly statement: BulkStatement;
  readonly rows: readonly Row[];
  /** For a product table: its collection. */
  readonly collection?: string;
}

/** A bulk write that Postgres rejected. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  constructor(readonly write: BulkWrite, cause: unknown) {
    super(`cannot write ${write.rows.length} rows to ${write.name}`, { cause });
  }
}
