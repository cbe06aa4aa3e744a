/** Starts and migrates an embedded database for each line of its input, says where it is, and ends with its input. */

import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { startEmbedded } from "../../../lib/repository/embedded/embedded.ts";
import { emptied } from "../empty_tables.ts";
import { linesOf } from "../lines.ts";
import type { Leased } from "./question.ts";

for await (const _ of linesOf(Deno.stdin.readable)) {
  const { url } = await startEmbedded();
  const sql = connect(url, { max: 1, applicationName: "tests" });
  const leased: Leased = { url, schema: await emptied(sql, null) };
  await terminate(sql);
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(leased)}\n`));
}
Deno.exit();
