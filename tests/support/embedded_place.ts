/** The embedded database of a test file, emptied before each of its tests. They run one by one. */

import { startEmbedded } from "../../lib/repository/embedded/embedded.ts";
import { asNew, dropped, emptied, type Schema } from "./empty_tables.ts";
import { onConnection } from "./on_connection.ts";
import { leaseDatabase, tellSchema } from "./shared/lease.ts";

/** Created for the first test that needs it. */
let embedded: Promise<string> | undefined;
let schema: Schema = null;

/** Returns its URL. */
export async function embeddedPlace(content: "migrated" | "empty"): Promise<string> {
  const url = await (embedded ??= embeddedForFile());
  schema = await onConnection(
    url,
    (sql) => content === "migrated" ? emptied(sql, schema) : dropped(sql),
  );
  await tellSchema("embedded", schema);
  return url;
}

/** A database that the run lends, emptied, or one of this file's own. */
async function embeddedForFile(): Promise<string> {
  const leased = await leaseDatabase("embedded");
  if (leased !== null) {
    schema = await onConnection(leased.url, (sql) => asNew(sql, leased.schema));
    return leased.url;
  }
  const started = await startEmbedded();
  globalThis.addEventListener("unload", () => void started.close());
  return started.url;
}
