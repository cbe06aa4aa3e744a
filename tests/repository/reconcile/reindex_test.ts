/** `reindex`: what it writes and reports, where it continues, and when it is needed. */

import assert from "node:assert/strict";
import { warnOutdatedMappings } from "../../../lib/indexer/outdated_mappings.ts";
import { reindex } from "../../../lib/indexer/reindex.ts";
import { inspect } from "../../../lib/repository/batch/table_comparison.ts";
import type { Collection } from "../../../lib/mapper/collection.ts";
import { createLogger } from "../../../lib/log/logger.ts";
import { createMapper, type Mapper } from "../../../lib/mapper/content.ts";
import { COLLECTIONS } from "../../../lib/mapper/collections/registry.ts";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { Database } from "../../../lib/repository/connection/database.ts";
import type { TransactionSql } from "../../../lib/repository/connection/sql.ts";
import {
  allBut,
  finishReindex,
  mappingVersion,
  outdatedMappings,
} from "../../../lib/repository/reconcile/mappings.ts";
import { told } from "../../support/command_output.ts";
import { settings } from "../../support/crash/settings.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { remapsOn } from "../../support/remapped.ts";
import { keyOf, SampleEvents } from "../../support/sample_events.ts";
import { SECRET_OF_TESTS } from "../../support/system.ts";

const SCENE = COLLECTIONS[0]!;
const NEVER = new AbortController().signal;

/** A mapper with another collection of scenes. */
function withScene(scene: Partial<Collection>): Mapper {
  return createMapper([{ ...SCENE, ...scene }, ...COLLECTIONS.slice(1)], SECRET_OF_TESTS);
}

/** Rejects scenes of this name, like a faulty version. */
function refusing(name: string): Mapper {
  return withScene({
    map: (record, context) =>
      record.name === name
        ? { reason: "too_long", detail: "name: got text of 3, expected less" }
        : SCENE.map(record, context),
  });
}

databaseTest(
  "a record that an older version rejected is applied, its dead letter closed, and its children follow",
  async (database) => {
    const folded = new Folded(database, { mapper: refusing("Basement") });
    const events = new SampleEvents();
    await folded.batch(
      events.put("alice/scene/s1", { name: "Basement" }),
      events.put("alice/event/e1", { sceneId: "s1" }),
      events.put("bob/post/p1", {
        text: "!",
        sceneId: undefined,
        eventId: "at://did:plc:alice2222222222222222222/app.subcult.event/e1",
      }),
    );
    assert.deepEqual(await folded.states("alice/scene/s1", "alice/event/e1"), [
      "rejected",
      "waiting",
    ]);

    const env = settings(database.url, "ws://127.0.0.1:1/subscribe");
    const dry = await told(["reindex", "--dry-run"], { env });
    assert.deepEqual([dry.code, dry.err], [0, []]);
    assert.deepEqual(dry.out.slice(0, 2), [
      "app.subcult.scene: 1 records, 1 would change",
      "  1  rejected (too_long) → applied",
    ]);
    assert.deepEqual(await folded.states("alice/scene/s1"), ["rejected"]);

    const done = await told(["reindex", "--json", "--collection", "app.subcult.scene"], { env });
    assert.deepEqual([done.code, done.err], [0, []]);
    assert.deepEqual(JSON.parse(done.out[0] ?? ""), {
      collection: "app.subcult.scene",
      records: 1,
      changed: 1,
      by: { "rejected (too_long) → applied": 1 },
    });
    assert.deepEqual(
      await folded.states("alice/scene/s1", "alice/event/e1", "bob/post/p1"),
      ["applied", "applied", "applied"],
    );
    assert.deepEqual(await folded.live("alice/scene/s1", "alice/event/e1"), [true, true]);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
    const again = await told(["reindex", "--collection", "app.subcult.scene"], { env });
    assert.deepEqual(again.out, ["app.subcult.scene: 1 records, 0 changed"]);
  },
);

databaseTest(
  "a record that the decoder rejected stays rejected, whatever its remains",
  async (database) => {
    const folded = new Folded(database);
    const events = new SampleEvents();
    await folded.batch(events.put("alice/scene/s1", { location: { lat: 91, lng: 0 } }));
    assert.deepEqual(await folded.states("alice/scene/s1"), ["rejected"]);
    const env = settings(database.url, "ws://127.0.0.1:1/subscribe");
    assert.deepEqual(
      (await told(["reindex"], { env })).out[0],
      "app.subcult.scene: 1 records, 0 changed",
    );
    assert.deepEqual(await folded.openDeadLetterIds(), ["invalid_location"]);
  },
);

databaseTest(
  "a record above the waiting limit stays rejected until it is retried",
  async (database) => {
    const folded = new Folded(database, { waitingLimit: 1 });
    const events = new SampleEvents();
    await folded.batch(events.put("alice/event/e1"), events.put("alice/event/e2"));
    const states = await folded.states("alice/event/e1", "alice/event/e2");
    assert.deepEqual(states.toSorted(), ["rejected", "waiting"]);
    await told(["reindex"], { env: settings(database.url, "ws://127.0.0.1:1/subscribe") });
    assert.deepEqual(await folded.states("alice/event/e1", "alice/event/e2"), states);
    assert.deepEqual(await folded.openDeadLetterIds(), ["waiting_limit"]);
  },
);

databaseTest(
  "a changed or removed row is restored from its record",
  async (database) => {
    const folded = new Folded(database);
    const events = new SampleEvents();
    await folded.batch(
      events.put("alice/scene/s1"),
      events.put("alice/scene/s2"),
      events.put("alice/scene/s3"),
      events.put("alice/post/p1", { sceneId: "s3" }),
    );
    const { sql } = database;
    await sql`update scenes set name = 'other', tags = '{a}' where record_rkey = 's1'`;
    await sql`delete from scenes where record_rkey = 's2'`;
    // Hidden by an operator: that is no difference.
    await sql`update scenes set deleted_at = now() where record_rkey = 's3'`;
    const env = settings(database.url, "ws://127.0.0.1:1/subscribe");
    const { out } = await told(["reindex"], { env });
    assert.deepEqual(out.slice(0, 3), [
      "app.subcult.scene: 3 records, 2 changed",
      "  1  columns name, tags",
      "  1  applied, and has no live row",
    ]);
    assert.equal((await folded.row("alice/scene/s1")).name, "Warehouse Nine");
    assert.deepEqual(await folded.live("alice/scene/s1", "alice/scene/s2", "alice/scene/s3"), [
      true,
      true,
      false,
    ]);
  },
);

databaseTest(
  "a stopped reindex continues where it was, unless the mapper has changed",
  async (database) => {
    const { sql } = database;
    const folded = new Folded(database);
    const events = new SampleEvents();
    await folded.batch(
      ...Array.from({ length: 1500 }, (_, index) => events.put(`alice/scene/s${index}`)),
    );
    const remaps = remapsOn(sql, createMapper(COLLECTIONS, SECRET_OF_TESTS));
    const mapped = async (collection: Collection, stopAfter: number): Promise<number[]> => {
      const stop = new AbortController();
      const sizes: number[] = [];
      await reindex(collection, {
        sql: () => sql,
        remap: (keys) => {
          sizes.push(keys.length);
          return remaps.write(keys, NEVER);
        },
        dryRun: false,
        advanced: () => sizes.length >= stopAfter && stop.abort(),
      }, stop.signal);
      return sizes;
    };
    assert.deepEqual(await mapped(SCENE, 1), [1000]);
    assert.deepEqual(await mapped(SCENE, Infinity), [500]);
    assert.deepEqual(await mapped(SCENE, 1), [1000]);
    assert.deepEqual(await mapped({ ...SCENE, mapping: SCENE.mapping + 1 }, Infinity), [1000, 500]);
  },
);

databaseTest(
  "a reindex is needed when records were mapped by another version, and not for an empty database",
  async (database) => {
    const { sql } = database;
    assert.deepEqual(await outdatedMappings(sql, COLLECTIONS), []);
    await new Folded(database).batch(new SampleEvents().put("alice/scene/s1"));
    assert.deepEqual(await outdatedMappings(sql, COLLECTIONS), []);
    const next = { ...SCENE, mapping: SCENE.mapping + 1 };
    const needed = [{
      collection: SCENE.nsid,
      mapped: mappingVersion(SCENE),
      current: mappingVersion(next),
    }];
    assert.deepEqual(await outdatedMappings(sql, [next]), needed);
    await reindex(next, {
      sql: () => sql,
      remap: () => Promise.resolve([]),
      dryRun: false,
      advanced: () => {},
    }, NEVER);
    assert.deepEqual(await outdatedMappings(sql, [next]), []);
    // Without a row in `mappings`, the version of the existing records is unknown.
    await sql`delete from mappings`;
    assert.deepEqual((await outdatedMappings(sql, [next])).map(({ mapped }) => mapped), [null]);
    await finishReindex(sql, next);
    assert.equal((await outdatedMappings(sql, [next])).length, 1);
    // So is that of the records of all other collections.
    assert.equal((await outdatedMappings(sql, [allBut(COLLECTIONS)])).length, 1);
  },
);

Deno.test("reindex rejects a collection without a table, and suggests a similar one", async () => {
  const { code, err } = await told(["reindex", "--collection", "app.subcult.scenes"]);
  assert.equal(code, 2);
  assert.match(err.join(), /no table for "app\.subcult\.scenes".*app\.subcult\.scene\?/);
});

databaseTest("the log says at the start which collections need it", async ({ sql, url }) => {
  await outdatedMappings(sql, [...COLLECTIONS, allBut(COLLECTIONS)]);
  // Before there were versions of the rules for places, and by older rules.
  await sql`update mappings set version = '1.1' where collection = ${SCENE.nsid}`;
  await sql`update mappings set version = '0.1.0' where collection = '*'`;
  const lines: string[] = [];
  const logger = createLogger({
    level: "info",
    format: "json",
    secrets: [],
    write: (line) => lines.push(line),
  });
  await using database = new Database({
    open: (max) => connect(url, { max, applicationName: "tests" }),
    terminate,
  });
  await warnOutdatedMappings({ database, logger, silentMs: 60_000 }, NEVER);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? "",
    /run the command reindex.*"collections":\["app\.subcult\.scene","\*"\]/,
  );
});

databaseTest(
  "batches commit during a comparison by verify or a dry run, and the comparison sees one snapshot",
  async (database) => {
    const { sql } = database;
    const folded = new Folded(database);
    const events = new SampleEvents();
    await folded.batch(events.put("alice/scene/s1"), events.put("alice/scene/s2"));
    const keys = ["s1", "s2"].map((scene) => keyOf(`alice/scene/${scene}`));
    let during: readonly string[] = [];
    const holding = {
      snapshot: <T>(run: (tx: TransactionSql) => T | Promise<T>): Promise<T> =>
        sql.snapshot(async (tx) => {
          await tx`select from records limit 1`;
          during = await folded.batch(events.delete("alice/scene/s1"), events.put("bob/scene/s1"));
          return await run(tx);
        }),
    };
    const found = await inspect(holding, createMapper(COLLECTIONS, SECRET_OF_TESTS), keys);
    assert.deepEqual(during, ["applied", "applied"]);
    assert.deepEqual(found, []);
    assert.deepEqual(await folded.states("alice/scene/s1"), ["deleted"]);
  },
  // The embedded database has one session.
  { kinds: ["server"] },
);
