/** Starts and migrates an embedded database for each line of its input, says where it is, and ends with its input. */

import { startEmbedded } from "../../../lib/repository/embedded/embedded.ts";
import { emptied } from "../empty_tables.ts";
import { linesOf } from "../lines.ts";
import { onConnection } from "../on_connection.ts";
import type { Leased } from "./question.ts";

for await (const _ of linesOf(Deno.stdin.readable)) {
  const { url } = await startEmbedded();
  const schema = await onConnection(url, (sql) => emptied(sql, null));
  const leased: Leased = { url, schema };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(leased)}\n`));
}
Deno.exit();
