import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded, tableOf } from "../../support/folded.ts";
import { SMALLEST } from "../../support/mapper_sample.ts";
import { didOf, SampleEvents, uriOf } from "../../support/sample_events.ts";

const TOWN = { lat: 52.50183, lng: 13.44127 };

/** What the smallest record of each collection needs to be applied. */
function parents(events: SampleEvents): ReturnType<SampleEvents["put"]>[] {
  return [events.put("alice/scene/scene1"), events.put("alice/scene/scene2")];
}

const IDS: Readonly<Record<string, string>> = {
  alliance: "A-01 A-02 A-03 A-06",
  post: "PO-01 PO-02 PO-03 PO-06",
  membership: "MB-01 MB-02 MB-03 MB-06",
  stream: "ST-01 ST-02 ST-03 ST-06",
  scene: "P-14",
  event: "P-14",
};

for (const [collection, ids] of Object.entries(IDS)) {
  databaseTest(
    `${ids} ${collection}: the first revision inserts, the next keeps the id, the same again changes nothing`,
    async (database) => {
      const events = new SampleEvents();
      const folded = new Folded(database);
      await folded.batch(...parents(events));
      const record = `alice/${collection}/r1`;
      const [first, second] = [events.put(record), events.put(record)];
      assert.deepEqual(await folded.batch(first), ["applied"]);
      const inserted = await folded.row(record);
      assert.deepEqual(await folded.batch(second), ["applied"]);
      const updated = await folded.row(record);
      assert.equal(updated["id"], inserted["id"]);
      assert.equal(updated["record_rev"], second.commit?.rev);
      assert.deepEqual(await folded.batch(second, first), ["duplicate", "stale"]);
      assert.deepEqual(await folded.row(record), updated);
      const [byId] = await database.sql.unsafe<{ record_rkey: string }[]>(
        `select record_rkey from ${tableOf(record)} where id = $1`,
        [String(inserted["id"])],
      );
      assert.equal(byId?.record_rkey, "r1");
    },
  );
}

databaseTest("A-05 PO-05 MB-05 ST-05 a record that never arrived has no row", async (database) => {
  const folded = new Folded(database);
  for (const collection of Object.keys(SMALLEST)) {
    assert.equal(await folded.rowOrNull(`alice/${collection}/none`), null);
    assert.equal(await folded.ledger(`alice/${collection}/none`), null);
  }
});

databaseTest(
  "two scenes of one owner with the same name, and two alliances of one pair, all have rows",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(...parents(events));
    const twins = ["scene", "alliance"].flatMap((collection) => [
      `alice/${collection}/one`,
      `alice/${collection}/two`,
    ]);
    const outcomes = await folded.batch(...twins.map((record) => events.put(record)));
    assert.deepEqual(outcomes, twins.map(() => "applied"));
    assert.deepEqual(await folded.live(...twins), twins.map(() => true));
  },
);

databaseTest(
  "an alliance or a membership that is created again after its delete has a live row again",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(...parents(events));
    for (const collection of ["alliance", "membership"]) {
      const [old, fresh] = [`alice/${collection}/old`, `alice/${collection}/new`];
      await folded.batch(events.put(old), events.delete(old));
      assert.deepEqual(await folded.batch(events.put(fresh)), ["applied"]);
      assert.deepEqual(await folded.live(old, fresh), [false, true]);
      assert.deepEqual(await folded.batch(events.put(old)), ["applied"]);
      // Of two memberships of a pair only the newer one is in force.
      assert.deepEqual(await folded.live(old, fresh), [true, collection === "alliance"]);
    }
  },
);

databaseTest(
  "P-08 P-14 consent decides whether an exact point is stored, on insert and on update",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const place = async (record: string): Promise<unknown[]> => {
      const [row] = await database.sql.unsafe<Record<string, unknown>[]>(
        `select allow_precise, st_y(precise_point::geometry) as lat, st_x(precise_point::geometry) as lng,
        coarse_geohash, display_point is not null as shown from ${tableOf(record)}
        where record_rkey = 'place'`,
      );
      return Object.values(row ?? {});
    };
    await folded.batch(events.put("alice/scene/scene1"));
    for (const record of ["alice/scene/place", "alice/event/place"]) {
      await folded.batch(events.put(record, { location: TOWN }));
      assert.deepEqual(await place(record), [false, null, null, "u33d9v", true]);
      const { id } = await folded.row(record);
      await folded.batch(events.put(record, { location: { ...TOWN, allowPrecise: true } }));
      const [allowed, lat, lng] = await place(record);
      assert.deepEqual([allowed, lat, lng], [true, TOWN.lat, TOWN.lng]);
      await folded.batch(events.put(record, { location: { ...TOWN, allowPrecise: false } }));
      assert.deepEqual(await place(record), [false, null, null, "u33d9v", true]);
      assert.equal((await folded.row(record))["id"], id);
      await folded.batch(events.delete(record));
      assert.deepEqual(await place(record), [false, null, null, null, false]);
    }
  },
);

/** The SQLSTATE that a statement fails with. */
async function refusal(sql: Sql, statement: string): Promise<string> {
  try {
    await sql.unsafe(statement);
    return "taken";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown";
  }
}

databaseTest(
  "DB-01 DB-05 DB-07 the database checks again what the mapper checks",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(
      ...parents(events),
      ...["event", "alliance", "membership", "stream", "post"].map((name) =>
        events.put(`alice/${name}/r`)
      ),
    );
    const point = "st_setsrid(st_makepoint(13.4, 52.5), 4326)::geography";
    const statements = {
      "scenes.visibility": "update scenes set visibility = 'secret'",
      "scenes.precise_point": `update scenes set precise_point = ${point}`,
      "scenes.coarse_geohash": "update scenes set coarse_geohash = 'u33dbcf'",
      "events.status": "update events set status = 'postponed'",
      "events.ends_at": "update events set ends_at = starts_at",
      "events.precise_point": `update events set precise_point = ${point}`,
      "posts.scene_id": "update posts set scene_id = null, event_id = null",
      "alliances.weight": "update alliances set weight = 2.5",
      "alliances.to_scene_id": "update alliances set to_scene_id = from_scene_id",
      "memberships.trust_weight": "update memberships set trust_weight = -0.1",
      "memberships.role": "update memberships set role = 'admin'",
      "stream_sessions.ended_at":
        "update stream_sessions set ended_at = started_at - interval '1 second'",
      "records.location":
        `update records set record = '{"location": {"lat": 1, "lng": 2}}' where rkey = 'scene1'`,
      "dead_letters.location": `insert into dead_letters (fingerprint, reason, detail, payload)
        values ('x', 'y', 'z', '{"record": {"location": {"lat": 1, "lng": 2}}}')`,
    };
    for (const [name, statement] of Object.entries(statements)) {
      assert.equal(await refusal(database.sql, statement), "23514", name);
    }
    // A scene without a place has none; no place is invented.
    assert.equal((await folded.row("alice/scene/scene1"))["coarse_geohash"], null);
  },
);

databaseTest(
  "A-04 PO-04 MB-04 ST-04 rows that the app inserts itself, without a record, are not changed",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(...parents(events));
    const [one, two] = await Promise.all(
      ["1", "2"].map(async (place) =>
        (await folded.row(`alice/scene/scene${place}`))["id"] as string
      ),
    );
    const inserts = [
      `insert into scenes (id, name, owner_did) values (gen_random_uuid(), 'App', 'did:web:app')`,
      `insert into posts (id, scene_id, author_did, text) values (gen_random_uuid(), '${one}', 'did:web:app', 'x')`,
      `insert into alliances (id, from_scene_id, to_scene_id) values (gen_random_uuid(), '${one}', '${two}')`,
      `insert into memberships (id, scene_id, user_did) values (gen_random_uuid(), '${one}', 'did:web:app')`,
      `insert into stream_sessions (id, scene_id, host_did, room_name)
        values (gen_random_uuid(), '${one}', 'did:web:app', 'room')`,
    ];
    for (const insert of [...inserts, ...inserts]) await sql.unsafe(insert);
    const own = async (): Promise<unknown[]> =>
      await Promise.all(
        ["scenes", "posts", "alliances", "memberships", "stream_sessions"].map((table) =>
          sql.unsafe(`select * from ${table} where record_did is null order by id`)
        ),
      );
    const before = await own();
    await folded.batch(
      events.put("bob/post/p", { sceneId: uriOf("alice/scene/scene1") }),
      events.put("alice/alliance/a"),
      events.account("alice", false, "suspended"),
    );
    await folded.batch(events.account("alice", true), events.delete("alice/scene/scene2"));
    assert.deepEqual(await own(), before);
  },
);

databaseTest("DB-02 the row of a deleted record stays, hidden", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.each(events.put("alice/scene/s"), events.delete("alice/scene/s"));
  assert.ok((await folded.row("alice/scene/s"))["deleted_at"] instanceof Date);
});

databaseTest(
  "DB-03 DB-08 DB-09 DB-10 DB-11 DB-12 DB-13 search finds words of one stem in scenes, events and posts",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(
      events.put("alice/scene/scene1", { name: "Cellar", description: "loud amplifiers" }),
      events.put("alice/event/e", { name: "Dancing", tags: ["drums"] }),
      events.put("bob/post/p", {
        text: "we are recording tonight",
        sceneId: uriOf("alice/scene/scene1"),
      }),
    );
    const found = async (table: string, words: string): Promise<number> => {
      const [row] = await sql.unsafe<{ count: number }[]>(
        `select count(*)::int as count from ${table}
       where search @@ websearch_to_tsquery('english', $1) and deleted_at is null`,
        [words],
      );
      return row?.count ?? 0;
    };
    assert.equal(await found("scenes", "amplifier"), 1);
    assert.equal(await found("events", "dance drum"), 1);
    assert.equal(await found("posts", "recorded"), 1);
    assert.equal(await found("posts", "silence"), 0);
    const indexes = await sql<{ indexname: string }[]>`
    select indexname from pg_indexes where indexdef like '%USING gin (search)%' order by 1`;
    assert.deepEqual(indexes.map(({ indexname }) => indexname), [
      "idx_events_search",
      "idx_posts_search",
      "idx_scenes_search",
    ]);
    const [wrapper] = await sql<{ provolatile: string }[]>`
    select provolatile from pg_proc where proname = 'tags_text'`;
    assert.equal(wrapper?.provolatile, "i");
  },
);

databaseTest(
  "DB-04 DB-06 tags can be queried by containment, and the palette is stored as published",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const palette = {
      primary: "#111111",
      secondary: "#222222",
      accent: "#333333",
      background: "#444444",
      text: "#ffffff",
    };
    await folded.batch(events.put("alice/scene/s", { tags: ["dub", "tape", "noise"], palette }));
    const rows = await database.sql<{ palette: unknown }[]>`
    select palette from scenes where tags @> array['noise', 'dub']`;
    assert.deepEqual(rows.map((row) => row.palette), [palette]);
  },
);

databaseTest(
  "MB-08 MB-09 MB-10 the owner decides the weight of a member, whatever the member claims",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const sceneId = uriOf("alice/scene/scene1");
    const claims = { sceneId, role: "owner", status: "active", trustWeight: 1 };
    await folded.batch(
      events.put("alice/scene/scene1"),
      events.put("bob/membership/request", claims),
    );
    const own = await folded.row("bob/membership/request");
    assert.deepEqual([own["user_did"], own["role"], own["status"], own["trust_weight"]], [
      didOf("bob"),
      "member",
      "pending",
      0.5,
    ]);
    await folded.batch(
      events.put("alice/membership/grant", {
        ...claims,
        member: didOf("bob"),
        role: "curator",
        trustWeight: 0.8,
      }),
    );
    const given = await folded.row("alice/membership/grant");
    assert.deepEqual([given["user_did"], given["role"], given["status"], given["trust_weight"]], [
      didOf("bob"),
      "curator",
      "active",
      0.8,
    ]);
  },
);

databaseTest(
  "a decision is an invitation to an account that never requested, and counts for others while they request that scene",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const sceneId = uriOf("alice/scene/s");
    const [ask, decide] = ["bob/membership/m", "alice/membership/m"];
    const decision = { sceneId, member: didOf("bob"), status: "active" };
    await folded.batch(events.put("alice/scene/s"), events.put("alice/scene/other"));
    const isMember = async (): Promise<boolean> => (await folded.live(decide))[0] === true;
    assert.deepEqual(await folded.batch(events.put(decide, decision)), ["applied"]);
    assert.ok(await isMember(), "is invited");

    await folded.batch(events.put(ask, { sceneId }));
    assert.ok(await isMember());
    await folded.batch(events.put(ask, { sceneId: uriOf("alice/scene/other") }));
    assert.ok(!await isMember(), "asks for another scene");
    await folded.batch(events.put(ask, { sceneId }));
    assert.ok(await isMember());
    await folded.batch(events.put(ask, { sceneId, member: didOf("carol") }));
    assert.ok(!await isMember(), "asks no more, but decides");
    await folded.batch(events.put(ask, { sceneId }), events.account("bob", false, "deactivated"));
    assert.ok(!await isMember(), "an inactive account asks for nothing");
    await folded.batch(events.account("bob", true));
    assert.ok(await isMember());
    await folded.batch(events.delete(ask));
    assert.ok(!await isMember(), "took it back");
    const row = await folded.ledger(decide);
    assert.equal(row?.state, "waiting");
    assert.equal(row?.waiting_for, `app.subcult.membership/${didOf("bob")}`);
  },
);

databaseTest(
  "a request by a bare rkey is for the scene that the rkey means at any time",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const decide = "alice/membership/m";
    await folded.batch(
      events.put("alice/scene/s"),
      events.put("bob/membership/m", { sceneId: "s" }),
      events.put(decide, { sceneId: "s", member: didOf("bob"), status: "active" }),
    );
    assert.deepEqual(await folded.live(decide), [true]);
    await folded.batch(events.put("bob/scene/s"));
    assert.deepEqual(await folded.live(decide), [false]);
  },
);

databaseTest(
  "two owners who decide about each other's requests are members of both scenes",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const pairs = [["alice", "bob"], ["bob", "alice"]] as const;
    await folded.batch(
      ...pairs.flatMap(([owner, other]) => {
        const sceneId = uriOf(`${owner}/scene/s`);
        return [
          events.put(`${owner}/membership/d`, { sceneId, member: didOf(other) }),
          events.put(`${other}/membership/r`, { sceneId }),
          events.put(`${owner}/scene/s`),
        ];
      }),
    );
    assert.deepEqual(await folded.live("alice/membership/d", "bob/membership/d"), [true, true]);
    await folded.batch(events.account("bob", false, "deactivated"));
    assert.deepEqual(await folded.live("alice/membership/d", "bob/membership/d"), [false, false]);
    await folded.batch(events.account("bob", true));
    assert.deepEqual(await folded.live("alice/membership/d", "bob/membership/d"), [true, true]);
  },
);

databaseTest(
  "a decision counts at once when the scene that a request waited for arrives in the same batch",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const sceneId = uriOf("alice/scene/s");
    // Which of Bob's records the ledger is asked for first must not matter.
    const outcomes = await folded.batch(
      ...["a", "b", "c"].map((rkey) => events.put(`bob/membership/${rkey}`, { sceneId: "none" })),
      events.put("bob/membership/m", { sceneId }),
      ...["x", "y", "z"].map((rkey) => events.put(`bob/membership/${rkey}`, { sceneId: "none" })),
    );
    assert.deepEqual(outcomes, Array(7).fill("waiting"));
    const decision = { sceneId, member: didOf("bob"), status: "active" };
    assert.deepEqual(
      await folded.batch(
        events.put("alice/scene/s"),
        events.put("alice/membership/m", decision),
      ),
      ["applied", "applied"],
    );
  },
);

databaseTest("a member can't be named by somebody who doesn't own the scene", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  const outcomes = await folded.batch(
    events.put("alice/scene/scene1"),
    events.put("carol/membership/m", {
      sceneId: uriOf("alice/scene/scene1"),
      member: didOf("bob"),
      role: "owner",
      status: "active",
    }),
  );
  assert.deepEqual(outcomes, ["applied", "dead_letter"]);
  assert.deepEqual(await folded.openDeadLetterIds(), ["not_scene_owner"]);
});

databaseTest(
  "a record of a collection without a table is stored as published",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const badge = "alice/org.example.badge/b1";
    assert.deepEqual(await folded.batch(events.put(badge, { name: "First", nested: [{ a: 1 }] })), [
      "applied",
    ]);
    const row = await folded.ledger(badge);
    assert.equal(row?.state, "unmapped");
    assert.deepEqual(row?.record, {
      $type: "org.example.badge",
      name: "First",
      nested: [{ a: 1 }],
    });
  },
);
