/** A killed process does not release its lease. Instead of waiting for the expiry, leases are ended here. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";

/** Ends all leases; does nothing in a database that has none yet. */
export async function endLease(sql: Sql): Promise<void> {
  await sql`do $$ begin
    update indexer_state set lease_until = null;
  exception when undefined_table or undefined_column then null; end $$`;
}
