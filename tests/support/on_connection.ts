import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";

/** Runs something on a connection of its own. */
export async function onConnection<T>(url: string, run: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = connect(url, { max: 1, applicationName: "tests" });
  try {
    return await run(sql);
  } finally {
    await terminate(sql);
  }
}
