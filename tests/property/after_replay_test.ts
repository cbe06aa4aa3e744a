/**
 * After a batch of duplicates only, the next one is loaded in another order. For any such batch, the tables equal
 * those of the model, which gets each event once.
 */

import assert from "node:assert/strict";
import { assertFolded, numberedStream } from "../support/crash/stream.ts";
import { databaseTest } from "../support/database.ts";
import { emptied, type Schema } from "../support/empty_tables.ts";
import { Folded } from "../support/folded.ts";
import { forSeeds } from "../support/fresh_seeds.ts";
import { seededRandom } from "../support/seeded_random.ts";

const LENGTH = 240;
const LARGEST_BATCH = 60;

databaseTest("any batch has the same effect after a batch of duplicates", async ({ sql }) => {
  let schema: Schema = null;
  await forSeeds(12, async (seed) => {
    schema = await emptied(sql, schema);
    const random = seededRandom(seed);
    const folded = new Folded({ sql });
    const frames = numberedStream(seed, LENGTH);
    // An event of an account without other events: it stays a duplicate, whatever follows.
    const [first = ""] = frames;
    await folded.batch(first);
    for (let at = 1; at < frames.length;) {
      assert.deepEqual(await folded.batch(first), ["duplicate"]);
      const end = at + 1 + Math.floor(random() * LARGEST_BATCH);
      await folded.batch(...frames.slice(at, end));
      at = end;
    }
    await assertFolded(sql, frames);
  });
});
