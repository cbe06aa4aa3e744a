/**
 * Several partitions at once against the model: whatever is delivered and however their transactions come in
 * between each other, at rest the tables are those of the plain fold. `PROPERTY_SEED` runs one seed alone,
 * `PROPERTY_STREAMS` says how many.
 */

import assert from "node:assert/strict";
import { databaseTest } from "../support/database.ts";
import { runSeedAtRest } from "../support/model/campaign.ts";
import { Random } from "../support/model/random.ts";
import { PartitionedSystem } from "../support/partitions/system.ts";
import { forSeeds } from "../support/fresh_seeds.ts";

for (const partitions of [1, 2, 4]) {
  databaseTest(
    `at rest the tables equal the model's, with ${partitions} concurrent partitions`,
    async ({ sql, url }) => {
      let notes = 0;
      await forSeeds(6, async (seed) => {
        const random = new Random(seed, 40 + partitions);
        await using system = new PartitionedSystem({ url, sql, partitions, random });
        const failure = await runSeedAtRest(system, seed);
        assert.equal(failure, null, failure ?? "");
        assert.deepEqual(system.failures.filter((state) => !TURNS.includes(state)), []);
        notes += system.notes;
      });
      assert.ok(partitions === 1 ? notes === 0 : notes > 0, `${notes} notes were read`);
    },
  );
}

/** Two transactions that wait for each other: one of them is rolled back and retried. */
const TURNS = ["40P01", "40001", "55P03"];
