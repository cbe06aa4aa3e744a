/**
 * The real pipeline on real tables against the model: whatever is delivered, tables, ledger states,
 * accounts, open dead letters and the counts of every batch are equal. `PROPERTY_SEED` runs one seed alone,
 * `PROPERTY_STREAMS` says how many.
 */

import assert from "node:assert/strict";
import { databaseTest } from "../support/database.ts";
import { runSeed, runSeedConfirmed, runSeedWithOverflow } from "../support/model/campaign.ts";
import { forSeeds, freshSeeds, isAlone, withSeed } from "../support/fresh_seeds.ts";
import { systemOn } from "../support/system.ts";

databaseTest("after any delivery of any stream the tables equal the model's", async ({ sql }) => {
  const system = systemOn(sql);
  await forSeeds(20, async (seed) => {
    const failure = await runSeed(system, seed);
    assert.equal(failure, null, failure ?? "");
  });
});

databaseTest(
  "when sources confirm deletions at any time, the tables equal the model's",
  async ({ sql }) => {
    const system = systemOn(sql);
    await forSeeds(8, async (seed) => {
      const failure = await runSeedConfirmed(system, seed);
      assert.equal(failure, null, failure ?? "");
    });
  },
);

databaseTest(
  "records above the waiting limit are not lost: after a retry the tables equal the model's",
  async ({ sql }) => {
    const system = systemOn(sql);
    let tooMany = 0;
    const run = async (seed: number): Promise<void> => {
      const report = await runSeedWithOverflow(system, seed);
      assert.equal(report.failure, null, report.failure ?? "");
      tooMany += report.tooMany;
    };
    const first = freshSeeds(5);
    for (const seed of first) await withSeed(seed, run);
    // One stream in five has none, so with few streams some more may have to follow.
    const after = Math.max(...first) + 1;
    for (let more = 0; more < 20 && tooMany === 0 && !isAlone; more++) {
      await withSeed(after + more, run);
    }
    assert.ok(tooMany > 0 || isAlone, "no record was too many to wait");
  },
);
