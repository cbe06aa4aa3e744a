/**
 * A seventh collection from outside: its module, its lexicon document and its migration, and nothing else.
 * Its records come in three forms, to programs that know none, two, and all of them.
 */

import assert from "node:assert/strict";
import { jsonToLex, type LexiconDoc, Lexicons } from "@atproto/lexicon";
import { createMapper, type Mapper } from "../../lib/mapper/content.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { mappingVersion, outdatedMappings } from "../../lib/repository/reconcile/mappings.ts";
import { migrate } from "../../lib/repository/schema/migrate.ts";
import { MIGRATIONS } from "../../lib/repository/schema/migrations.ts";
import { databaseTest, type TestDatabase } from "../support/database.ts";
import { Folded } from "../support/folded.ts";
import { remapAll } from "../support/remapped.ts";
import { SampleEvents, uriOf } from "../support/sample_events.ts";
import { VENUES, WITH_SECOND_FORM, WITH_THIRD_FORM } from "../support/seventh/venue.ts";
import { SECRET_OF_TESTS } from "../support/system.ts";

const FIRST = { $type: "app.subcult.venue", scene: uriOf("alice/scene/s1"), title: "The Tank" };
const SECOND = { schemaVersion: 2, sceneId: uriOf("alice/scene/s1"), name: "The Vault" };
const THIRD = { schemaVersion: 3, sceneId: "s1", name: "The Hall", capacity: 300 };
const RECORDS = ["bob/venue/v1", "bob/venue/v2", "alice/venue/v3"];

const KNOWN = COLLECTIONS.filter(({ nsid }) => nsid !== WITH_SECOND_FORM.nsid);
const WITHOUT = createMapper(KNOWN, SECRET_OF_TESTS);
const SEVEN = createMapper([...KNOWN, WITH_SECOND_FORM], SECRET_OF_TESTS);
const SEVEN_LATER = createMapper([...KNOWN, WITH_THIRD_FORM], SECRET_OF_TESTS);

/** A migrated database with the test's own migration, and records written by a mapper. */
async function withVenues(database: TestDatabase, mapper: Mapper): Promise<Folded> {
  const events = new SampleEvents();
  const folded = new Folded(database, { mapper });
  await folded.batch(
    events.put("alice/scene/s1"),
    events.put(RECORDS[0]!, FIRST),
    events.put(RECORDS[1]!, SECOND),
    events.put(RECORDS[2]!, THIRD),
  );
  return folded;
}

interface Venue {
  readonly name: string;
  readonly capacity: number | null;
  readonly of_scene: string | null;
}

async function venues({ sql }: TestDatabase): Promise<Venue[]> {
  const rows = await sql<Venue[]>`
    select v.name, v.capacity, s.record_rkey as of_scene from venues as v left join scenes as s on s.id = v.scene_id
    where v.deleted_at is null order by v.record_rkey`;
  return [...rows];
}

async function standing(folded: Folded): Promise<string[]> {
  return await Promise.all(RECORDS.map(async (record) => {
    const row = await folded.ledger(record);
    return [row?.state, row?.reason].filter(Boolean).join(" ");
  }));
}

/** Adds the migration of the seventh collection during a task. */
function seventhTest(name: string, run: (database: TestDatabase) => Promise<void>): void {
  databaseTest(name, async (database) => {
    await migrate(database.sql, { migrations: [...MIGRATIONS, VENUES] });
    try {
      await run(database);
    } finally {
      await database.sql`drop table venues`;
      await database.sql`delete from schema_migrations where version = ${VENUES.version}`;
    }
  });
}

const TANK = { name: "The Tank", capacity: null, of_scene: "s1" };
const VAULT = { name: "The Vault", capacity: null, of_scene: "s1" };
const HALL = { name: "The Hall", capacity: 300, of_scene: "s1" };

seventhTest(
  "records of a collection are kept before it has a table, and mapped when it has",
  async (database) => {
    const { sql } = database;
    const folded = await withVenues(database, WITHOUT);
    assert.deepEqual(await standing(folded), ["unmapped", "unmapped", "unmapped"]);

    const needed = await outdatedMappings(sql, [WITH_SECOND_FORM]);
    assert.deepEqual(needed, [{
      collection: "app.subcult.venue",
      mapped: null,
      current: mappingVersion(WITH_SECOND_FORM),
    }]);
    await remapAll(sql, SEVEN, false);
    assert.deepEqual(await standing(folded), ["applied", "applied", "unmapped newer_version"]);
    assert.deepEqual(await venues(database), [TANK, VAULT]);
    assert.deepEqual(await outdatedMappings(sql, [WITH_SECOND_FORM]), []);
  },
);

seventhTest(
  "a record of a newer form is kept, and mapped when the program learns the form",
  async (database) => {
    const { sql } = database;
    const folded = await withVenues(database, SEVEN);
    assert.deepEqual(await standing(folded), ["applied", "applied", "unmapped newer_version"]);
    assert.deepEqual((await folded.ledger(RECORDS[2]!))?.record, THIRD_AS_KEPT);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
    // It is counted by its reason, as OPERATIONS says.
    const counted = await sql`
      select count(*)::int as kept from records where reason = 'newer_version'`;
    assert.equal(counted[0]?.["kept"], 1);
    assert.deepEqual(await remapAll(sql, SEVEN, true), []);

    const needed = await outdatedMappings(sql, [WITH_THIRD_FORM]);
    assert.deepEqual(needed.map(({ current }) => current), [mappingVersion(WITH_THIRD_FORM)]);
    await remapAll(sql, SEVEN_LATER, false);
    assert.deepEqual(await standing(folded), ["applied", "applied", "applied"]);
    assert.deepEqual(await venues(database), [TANK, VAULT, HALL]);
  },
);

const THIRD_AS_KEPT = { $type: "app.subcult.venue", ...THIRD };

seventhTest(
  "a record of an older form waits for its scene by the old field name, and follows it",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database, { mapper: SEVEN });
    assert.deepEqual(await folded.batch(events.put("bob/venue/v1", FIRST)), ["waiting"]);
    await folded.batch(events.put("alice/scene/s1"));
    assert.deepEqual(await venues(database), [TANK]);
    await folded.batch(events.account("alice", false, "deactivated"));
    assert.deepEqual([await folded.states("bob/venue/v1"), await venues(database)], [
      ["waiting"],
      [],
    ]);
    await folded.batch(events.account("alice", true));
    assert.deepEqual(await venues(database), [TANK]);
  },
);

seventhTest(
  "a record of a newer form stays unmapped while its account is inactive and when it returns",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database, { mapper: SEVEN });
    await folded.batch(events.put("alice/scene/s1"), events.put(RECORDS[2]!, THIRD));
    for (const [active, state] of [[false, "suppressed"], [true, "unmapped"]] as const) {
      await folded.batch(events.account("alice", active, active ? undefined : "deactivated"));
      const row = await folded.ledger(RECORDS[2]!);
      assert.deepEqual([row?.state, row?.reason], [state, "newer_version"]);
    }
    assert.deepEqual(await venues(database), []);
  },
);

seventhTest(
  "a record of a newer form is no parent, also when its account comes back",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database, { mapper: SEVEN });
    await folded.batch(events.put("alice/scene/s1", { schemaVersion: 2 }));
    assert.deepEqual(await folded.batch(events.put("bob/venue/v0", FIRST)), ["waiting"]);
    await folded.batch(events.account("alice", false, "deactivated"));
    const outcomes = await folded.batch(
      events.account("alice", true),
      events.put("bob/venue/v1", FIRST),
    );
    assert.deepEqual(outcomes, ["applied", "waiting"]);
    assert.deepEqual(await folded.states("alice/scene/s1", "bob/venue/v1"), [
      "unmapped",
      "waiting",
    ]);
  },
);

seventhTest("an invalid form is refused", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database, { mapper: SEVEN });
  for (const schemaVersion of [0, -1, 1.5, "two", [1], true]) {
    await folded.batch(events.put("alice/venue/v", { ...SECOND, schemaVersion }));
    assert.deepEqual(await folded.openDeadLetterIds(), ["out_of_range"], String(schemaVersion));
  }
  // The form may be the text of its digits.
  await folded.batch(
    events.put("alice/scene/s1"),
    events.put("alice/venue/v", { ...SECOND, schemaVersion: "2" }),
  );
  assert.deepEqual(await venues(database), [VAULT]);
});

Deno.test("records of the newest form are valid by its document", () => {
  const documents = [...COLLECTIONS, WITH_THIRD_FORM].map(({ lexicon }) => lexicon);
  const lexicons = new Lexicons(structuredClone(documents) as unknown as LexiconDoc[]);
  const valid = (record: Record<string, unknown>): unknown =>
    lexicons.assertValidRecord(
      "app.subcult.venue",
      jsonToLex({ ...record, $type: "app.subcult.venue" }),
    );
  valid(THIRD);
  assert.throws(() => valid(FIRST), /sceneId|name/);
});
