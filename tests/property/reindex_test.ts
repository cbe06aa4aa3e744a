/**
 * After a reindex the tables equal those of the stream: nothing differs with the same mapper, and the rows of
 * an older mapper become those of this one. `PROPERTY_SEED` runs one seed alone,
 * `PROPERTY_STREAMS` says how many.
 */

import assert from "node:assert/strict";
import type { Collection } from "../../lib/mapper/collection.ts";
import { createMapper, type Mapper } from "../../lib/mapper/content.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { rowsWithoutRecord } from "../../lib/repository/tables/row_differences.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { databaseTest } from "../support/database.ts";
import { deliveryOf } from "../support/model/campaign.ts";
import { readTables } from "../support/model/compare.ts";
import { batchesOf } from "../support/model/delivery.ts";
import { Model } from "../support/model/fold.ts";
import { Random } from "../support/model/random.ts";
import { differences } from "../support/model/tables.ts";
import { forSeeds } from "../support/fresh_seeds.ts";
import { remapAll } from "../support/remapped.ts";
import { SECRET_OF_TESTS, systemOn } from "../support/system.ts";

const MAPPER = createMapper(COLLECTIONS, SECRET_OF_TESTS);

/** Delivers the stream of a seed through a mapper. Returns the model of it. */
async function deliver(sql: Sql, seed: number, mapper: Mapper): Promise<Model> {
  const deliveries = deliveryOf(seed);
  const system = systemOn(sql, mapper);
  await system.reset();
  await sql`delete from mappings`;
  await system.deliver(batchesOf(deliveries));
  const model = new Model();
  for (const { frame } of deliveries) model.deliver(frame);
  return model;
}

/** Rows without an applied record, of all tables. */
async function strayRows(sql: Sql): Promise<unknown[]> {
  const rows = await Promise.all(
    COLLECTIONS.map((collection) => sql.unsafe(rowsWithoutRecord(collection))),
  );
  return rows.flat();
}

databaseTest(
  "after any stream, the rows equal those that the ledger's records give",
  async ({ sql }) => {
    await forSeeds(4, async (seed) => {
      await deliver(sql, seed, MAPPER);
      assert.deepEqual(await remapAll(sql, MAPPER, true), []);
      assert.deepEqual(await strayRows(sql), []);
    });
  },
);

databaseTest(
  "after a reindex the rows of an older mapper equal those of this one",
  async ({ sql }) => {
    let changed = 0;
    await forSeeds(4, async (seed) => {
      const older = createMapper(olderCollections(new Random(seed, 9)), SECRET_OF_TESTS);
      const model = await deliver(sql, seed, older);
      const told = await remapAll(sql, MAPPER, true);
      changed += told.length;
      await remapAll(sql, MAPPER, false);
      const found = differences(model.tables(), await readTables(sql));
      assert.deepEqual(found.slice(0, 10), []);
      assert.deepEqual(await remapAll(sql, MAPPER, true), [], "a second time");
      assert.deepEqual(await strayRows(sql), []);
    });
    assert.ok(changed > 0, "no older mapper made anything else");
  },
);

/** Collections as an older version may have had them: without one, refusing more, or with other values. */
function olderCollections(random: Random): Collection[] {
  const missing = random.pick(["post", "alliance", "stream", "membership", "none"]);
  return COLLECTIONS.filter(({ nsid }) => nsid !== `app.subcult.${missing}`)
    .map((collection) => random.chance(0.5) ? collection : older(collection, random.between(0, 3)));
}

function older(collection: Collection, remainder: number): Collection {
  return {
    ...collection,
    map(record, context): ReturnType<Collection["map"]> {
      const size = JSON.stringify(record).length;
      if (size % 4 === remainder) {
        return { reason: "too_long", detail: "name: got text of 3, expected at most 2 characters" };
      }
      const mapped = collection.map(record, context);
      if ("reason" in mapped || size % 3 !== 0) return mapped;
      const row = { ...mapped.row };
      for (const name of ["title", "name", "description", "text", "room_name", "reason"]) {
        if (typeof row[name] === "string") row[name] = "of an older version";
      }
      return { row };
    },
  };
}
