/**
 * The real pipeline on real tables against the model: whatever is delivered, tables, ledger states,
 * accounts, open dead letters and the counts of every batch are equal. Prints its seeds;
 * `PROPERTY_SEED` runs one alone, `PROPERTY_STREAMS` says how many.
 */

import assert from "node:assert/strict";
import { runSeed } from "./model/campaign.ts";
import type { OpenSystem } from "./model/system.ts";

/** Registers the property test for a system; without one it is ignored and its name says so. */
export function propertyTest(open: OpenSystem | null): void {
  const missing = open === null ? " (no system to test)" : "";
  Deno.test({
    name: `any delivery of any stream leaves the tables as the model says${missing}`,
    ignore: open === null,
    fn: async () => {
      if (open === null) return;
      const [first, count] = range();
      const last = first + count - 1;
      await Deno.stdout.write(new TextEncoder().encode(`seeds ${first} to ${last}\n`));
      const system = await open();
      try {
        for (let seed = first; seed <= last; seed++) {
          const report = await runSeed(system, seed);
          assert.equal(report, null, report ?? "");
        }
      } finally {
        await system.close();
      }
    },
  });
}

/** First seed and how many. Fresh seeds each time, so that runs add up. */
function range(): [number, number] {
  const alone = Deno.env.get("PROPERTY_SEED");
  if (alone !== undefined) return [Number(alone), 1];
  return [Date.now() % 1_000_000_000, Number(Deno.env.get("PROPERTY_STREAMS") ?? "25")];
}

propertyTest(null);
