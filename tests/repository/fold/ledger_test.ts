import assert from "node:assert/strict";
import { scene } from "../../../lib/mapper/collections/scene.ts";
import { WHOLE } from "../../../lib/repository/partitions/partition.ts";
import { store } from "../../../lib/repository/fold/store.ts";
import { Writes } from "../../../lib/repository/fold/writes.ts";
import { idempotencyKey } from "../../../lib/mapper/idempotency_key.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import type { JetstreamEvent } from "../../support/jetstream/stored_event.ts";
import { keyOf, SampleEvents } from "../../support/sample_events.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const SCENE = "alice/scene/s1";

databaseTest("R-01 E-341 the first revision inserts, the next keeps the id", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  assert.deepEqual(await folded.batch(events.put(SCENE, { name: "One" })), ["applied"]);
  const { id } = await folded.row(SCENE);
  assert.match(String(id), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-/);
  assert.deepEqual(await folded.batch(events.put(SCENE, { name: "Two" })), ["applied"]);
  const row = await folded.row(SCENE);
  assert.deepEqual([row["id"], row["name"]], [id, "Two"]);
  assert.equal(await folded.count("scenes"), 1);
});

databaseTest(
  "R-02 E-341 a repeated revision is a duplicate and changes nothing",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const create = events.put(SCENE);
    await folded.batch(create);
    const before = [await folded.row(SCENE), await folded.ledger(SCENE)];
    assert.deepEqual(await folded.batch(create, create), ["duplicate", "duplicate"]);
    assert.deepEqual([await folded.row(SCENE), await folded.ledger(SCENE)], before);
  },
);

databaseTest(
  "the tables have the time of receipt of a revision and of its account's events",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    await sql`update records set indexed_at = 'epoch'`;
    await sql`update accounts set updated_at = 'epoch'`;
    const heard = async (): Promise<readonly boolean[]> => {
      const [row] = await sql<{ record: boolean; account: boolean }[]>`
        select indexed_at > 'epoch' as record, updated_at > 'epoch' as account
        from records join accounts using (did)`;
      return row === undefined ? [] : [row.record, row.account];
    };
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await heard(), [true, false]);
    await folded.batch(events.identity("alice", "alice.example"));
    assert.deepEqual(await heard(), [true, true]);
  },
);

databaseTest("R-03 one key in two collections is two records", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  const [scene, event] = ["alice/scene/same", "alice/event/same"];
  const outcomes = await folded.batch(events.put(scene), events.put(event, { sceneId: "same" }));
  assert.deepEqual(outcomes, ["applied", "applied"]);
  assert.deepEqual(await folded.live(scene, event), [true, true]);
  assert.notEqual((await folded.row(scene))["id"], (await folded.row(event))["id"]);
});

databaseTest(
  "R-04 DU-04 E-341 a delete hides the row, a repeated delete is a duplicate, and a newer revision has the same id",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const removal = events.delete(SCENE);
    const older = new SampleEvents(events.timeUs - 60_000_000);
    await folded.batch(older.put(SCENE), older.put(SCENE, { name: "Changed" }));
    const { id } = await folded.row(SCENE);

    assert.deepEqual(await folded.batch(removal), ["applied"]);
    assert.deepEqual(await folded.live(SCENE), [false]);
    const tombstone = await folded.ledger(SCENE);
    assert.deepEqual([tombstone?.state, tombstone?.record], ["deleted", null]);

    assert.deepEqual(await folded.batch(removal), ["duplicate"]);
    assert.deepEqual(await folded.batch(events.put(SCENE, { name: "Again" })), ["applied"]);
    const row = await folded.row(SCENE);
    assert.deepEqual([row["id"], row["name"], row["deleted_at"]], [id, "Again", null]);
  },
);

databaseTest(
  "R-05 DU-01 the ledger has one row for a record, with the key of its newest revision",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    assert.equal(await folded.ledger(SCENE), null);
    for (const event of [events.put(SCENE), events.put(SCENE), events.delete(SCENE)]) {
      await folded.batch(event);
      const row = await folded.ledger(SCENE);
      const { commit } = event;
      assert.ok(commit !== undefined && row !== null);
      assert.equal(row.rev, commit.rev);
      assert.equal(row.idempotency_key, idempotencyKey(keyOf(SCENE), commit.rev));
      assert.equal(await folded.count("records"), 1);
    }
  },
);

databaseTest(
  "R-06 a record that can't be mapped is kept as rejected, with a dead letter",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const outcomes = await folded.batch(events.put(SCENE, { visibility: "secret" }));
    assert.deepEqual(outcomes, ["dead_letter"]);
    const row = await folded.ledger(SCENE);
    assert.deepEqual([row?.state, row?.reason], ["rejected", "unknown_value"]);
    assert.deepEqual(await folded.openDeadLetterIds(), ["unknown_value"]);
    assert.equal(await folded.rowOrNull(SCENE), null);
  },
);

databaseTest("R-06 a rejected revision hides the older content", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.batch(events.put(SCENE));
  await folded.batch(events.put(SCENE, { name: "" }));
  assert.deepEqual(await folded.live(SCENE), [false]);
  await folded.batch(events.put(SCENE));
  assert.deepEqual(await folded.live(SCENE), [true]);
  assert.deepEqual(await folded.openDeadLetterIds(), []);
});

databaseTest("a stale revision loses, also to a delete", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  const [first, second, removal] = [events.put(SCENE), events.put(SCENE), events.delete(SCENE)];
  assert.deepEqual(await folded.each(second, first), ["applied", "stale"]);
  assert.deepEqual(await folded.each(removal, second, first), ["applied", "stale", "stale"]);
  assert.deepEqual(await folded.states(SCENE), ["deleted"]);
});

databaseTest("a delete that comes before its create keeps the record deleted", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  const [create, removal] = [events.put(SCENE), events.delete(SCENE)];
  assert.deepEqual(await folded.each(removal, create, removal), ["applied", "stale", "duplicate"]);
  assert.deepEqual(await folded.states(SCENE), ["deleted"]);
  assert.equal(await folded.rowOrNull(SCENE), null);
});

databaseTest(
  "revisions compare as bytes, whatever the locale of the database",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const upper = { ...events.put(SCENE, { name: "Upper" }) };
    const lower = { ...events.put(SCENE, { name: "Lower" }) };
    const withRev = (event: JetstreamEvent, rev: string): JetstreamEvent => {
      assert.ok(event.commit !== undefined);
      return { ...event, commit: { ...event.commit, rev } };
    };
    // In most locales the order of these two is the other one.
    const outcomes = await folded.each(withRev(lower, "3a"), withRev(upper, "3B"));
    assert.deepEqual(outcomes, ["applied", "stale"]);
    assert.equal((await folded.row(SCENE))["name"], "Lower");
  },
);

databaseTest(
  "created_at is the earliest time of any revision, and never increases",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const early = events.put(SCENE, { createdAt: "2026-01-01T00:00:00.000001Z" });
    const late = events.put(SCENE, { createdAt: "2026-02-01T00:00:00Z" });
    const future = events.put(SCENE, { createdAt: "2099-01-01T00:00:00Z" });
    const created = async (): Promise<unknown> => {
      const [row] = await database.sql<{ at: string }[]>`
      select to_char(created_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US') as at from scenes`;
      return row?.at;
    };
    await folded.batch(late);
    assert.equal(await created(), "2026-02-01 00:00:00.000000");
    await folded.batch(early);
    assert.equal(await created(), "2026-01-01 00:00:00.000001");
    await folded.batch(future, late);
    assert.equal(await created(), "2026-01-01 00:00:00.000001");
  },
);

databaseTest("DU-02 three records and a change of one are three rows", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  const [one, two, three] = ["alice/scene/1", "alice/scene/2", "bob/scene/1"];
  await folded.batch(events.put(one), events.put(two), events.put(three), events.put(one));
  assert.deepEqual([await folded.count("records"), await folded.count("scenes")], [3, 3]);
});

databaseTest(
  "R-07 DU-03 a thousand events of a hundred records, in any order and from several writers at once, leave the newest",
  async (database) => {
    const events = new SampleEvents();
    const random = seededRandom(7);
    const revisions = Array.from({ length: 1000 }, (_, index) => ({
      index,
      record: `alice/scene/${index % 100}`,
      event: events.put(`alice/scene/${index % 100}`, { name: `Name ${index}` }),
    }));
    const shuffled = revisions.map((revision) => ({ revision, place: random() }))
      .sort((a, b) => a.place - b.place).map(({ revision }) => revision);
    const outcomes = await Promise.all(Array.from({ length: 10 }, async (_, writer) => {
      const mine = shuffled.slice(writer * 100, writer * 100 + 100);
      const folded = new Folded(database, { consumer: `writer-${writer}` });
      return [
        ...await folded.batch(...mine.slice(0, 50).map(({ event }) => event)),
        ...await folded.batch(...mine.slice(50).map(({ event }) => event)),
      ];
    }));
    const counts = outcomes.flat();
    assert.equal(counts.length, 1000);
    assert.ok(counts.every((outcome) => outcome === "applied" || outcome === "stale"));
    const names = await database.sql<{ record_rkey: string; name: string }[]>`
      select record_rkey, name from scenes`;
    assert.equal(names.length, 100);
    for (const { record_rkey, name } of names) {
      assert.equal(name, `Name ${900 + Number(record_rkey)}`);
    }
  },
);

databaseTest(
  "R-09 DU-05 in a batch with one bad record the others commit, and only the bad one becomes a dead letter",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const outcomes = await folded.batch(
      events.put("alice/scene/1"),
      events.put("alice/scene/2", { name: 7 }),
      events.put("alice/scene/3"),
    );
    assert.deepEqual(outcomes, ["applied", "dead_letter", "applied"]);
    assert.deepEqual(await folded.states("alice/scene/1", "alice/scene/2", "alice/scene/3"), [
      "applied",
      "rejected",
      "applied",
    ]);
    assert.deepEqual(await folded.openDeadLetterIds(), ["invalid_type"]);
  },
);

databaseTest(
  "DU-05 DU-06 V-03 V-07 a batch that fails before its commit leaves nothing, and its retry stores everything once",
  async (database) => {
    const events = new SampleEvents();
    const failures: string[] = [];
    let left: number[] = [];
    let failed = false;
    const folded = new Folded(database, {
      failures,
      step: async (name) => {
        if (name === "cursor_moved" && !failed) {
          failed = true;
          throw new Error("a fault of the test");
        }
        if (name === "beginning" && failed) {
          const tables = ["records", "scenes", "dead_letters", "indexer_state"];
          left = await Promise.all(tables.map((table) => folded.count(table)));
        }
      },
    });
    const cursor = { cursor: 9, timeUs: events.timeUs, source: "h/subscribe" };
    const { outcomes } = await folded.write([
      events.put("alice/scene/1"),
      events.put("alice/scene/2", { name: 7 }),
    ], cursor);
    assert.deepEqual(outcomes, ["applied", "dead_letter"]);
    assert.deepEqual([left, failures.length], [[0, 0, 0, 0], 1]);
    const tables = ["records", "scenes", "dead_letters", "indexer_state"];
    assert.deepEqual(await Promise.all(tables.map((table) => folded.count(table))), [2, 1, 1, 1]);
  },
);

databaseTest(
  "the statements themselves never replace a row by an older revision",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE, { name: "Now" }));
    const ledger = await sql`select * from records`;
    const [row] = await sql`select id, record_did, record_rkey from scenes`;
    const old = {
      name: "Before",
      owner_did: "did:plc:x",
      visibility: "public",
      tags: [],
      palette: {},
    };
    const written = await sql.begin((tx) => {
      const writes = new Writes();
      const at = "2026-01-01T00:00:00Z";
      for (const row of ledger) {
        const times = { event_time: at, created_at: at };
        writes.ledger.push({ ...row, ...times, rev: "2222222222222", record: {} });
      }
      const revision = { record_rev: "2222222222222", created_at: at, updated_at: at };
      writes.tables.set("scenes", {
        collection: scene,
        fresh: [],
        upserts: [{ ...row, ...old, ...revision, allow_precise: false }],
        hides: [],
      });
      return store(tx, writes, { overwrite: false, share: WHOLE });
    });
    assert.equal(written, 0);
    assert.equal((await folded.row(SCENE))["name"], "Now");
  },
);
