/**
 * The real pipeline on real tables against the model: whatever is delivered, tables, ledger states,
 * accounts, open dead letters and the counts of every batch are equal. Prints its seeds;
 * `PROPERTY_SEED` runs one alone, `PROPERTY_STREAMS` says how many.
 */

import assert from "node:assert/strict";
import { databaseTest } from "./database.ts";
import { runSeed } from "./model/campaign.ts";
import { systemOn } from "./system.ts";

databaseTest("any delivery of any stream leaves the tables as the model says", async ({ sql }) => {
  const [first, count] = range();
  const last = first + count - 1;
  await Deno.stdout.write(new TextEncoder().encode(`seeds ${first} to ${last}\n`));
  const system = systemOn(sql);
  for (let seed = first; seed <= last; seed++) {
    const report = await runSeed(system, seed);
    assert.equal(report, null, report ?? "");
  }
});

/** First seed and how many. Fresh seeds each time, so that runs add up. */
function range(): [number, number] {
  const alone = Deno.env.get("PROPERTY_SEED");
  if (alone !== undefined) return [Number(alone), 1];
  return [Date.now() % 1_000_000_000, Number(Deno.env.get("PROPERTY_STREAMS") ?? "25")];
}
