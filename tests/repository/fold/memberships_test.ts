/** Memberships: for each scene and member at most one row is live, the one in force. */

import assert from "node:assert/strict";
import { migrate } from "../../../lib/repository/schema/migrate.ts";
import { MIGRATIONS } from "../../../lib/repository/schema/migrations.ts";
import { databaseTest, type TestDatabase } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { didOf, SampleEvents, uriOf } from "../../support/sample_events.ts";

const SCENE = uriOf("alice/scene/s");

/** Bob's row for Alice's scene, as a query without `deleted_at` finds it, and the live one. */
class Pair {
  readonly #database: TestDatabase;

  constructor(database: TestDatabase) {
    this.#database = database;
  }

  /** The live row in one line; fails when there is any other of the pair. */
  async inForce(): Promise<string | null> {
    const rows = await this.#database.sql<{ said: string; live: boolean }[]>`
      select concat_ws(' ', record_rkey, role, status, trust_weight) as said, deleted_at is null as live
      from memberships where user_did = ${didOf("bob")} and scene_id =
        (select id from scenes where record_did = ${didOf("alice")} and record_rkey = 's')`;
    assert.ok(rows.length <= 1, `the pair has several: ${rows.map(({ said }) => said).join("; ")}`);
    await this.#assertOthersReadNothing();
    const [row] = rows;
    return row?.live ? row.said : null;
  }

  async #assertOthersReadNothing(): Promise<void> {
    const rows = await this.#database.sql<{ status: string }[]>`
      select status from memberships where deleted_at is not null`;
    for (const { status } of rows) {
      assert.equal(status, "rejected", "what is not live says nothing");
    }
  }
}

function decision(status: string, fields: object = {}): Record<string, unknown> {
  return { sceneId: SCENE, member: didOf("bob"), status, ...fields };
}

databaseTest(
  "the newest decision that counts is in force, else the newest request",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const pair = new Pair(database);
    await folded.batch(events.put("alice/scene/s"));

    const steps: readonly (readonly [string, ReturnType<SampleEvents["put"]>, string | null])[] = [
      ["asks", events.put("bob/membership/r1", { sceneId: SCENE }), "r1 member pending 0.5"],
      ["asks again", events.put("bob/membership/r2", { sceneId: SCENE }), "r2 member pending 0.5"],
      [
        "writes the first anew",
        events.put("bob/membership/r1", { sceneId: SCENE, role: "owner" }),
        "r1 member pending 0.5",
      ],
      [
        "is approved",
        events.put(
          "alice/membership/d1",
          decision("active", { role: "curator", trustWeight: 0.8 }),
        ),
        "d1 curator active 0.8",
      ],
      [
        "asks once more",
        events.put("bob/membership/r3", { sceneId: SCENE }),
        "d1 curator active 0.8",
      ],
      [
        "is decided on anew",
        events.put("alice/membership/d2", decision("rejected")),
        "d2 member rejected 0.5",
      ],
      [
        "the older decision is written anew",
        events.put("alice/membership/d1", decision("active")),
        "d1 member active 0.5",
      ],
      ["that is deleted", events.delete("alice/membership/d1"), "d2 member rejected 0.5"],
      ["so is the other", events.delete("alice/membership/d2"), "r3 member pending 0.5"],
      ["takes the newest back", events.delete("bob/membership/r3"), "r1 member pending 0.5"],
      [
        "asks elsewhere with it",
        events.put("bob/membership/r1", { sceneId: "none" }),
        "r2 member pending 0.5",
      ],
      [
        "is approved again",
        events.put("alice/membership/d1", decision("active")),
        "d1 member active 0.5",
      ],
      [
        "the owner means somebody else",
        events.put("alice/membership/d1", { ...decision("active"), member: didOf("carol") }),
        "r2 member pending 0.5",
      ],
      [
        "and Bob again",
        events.put("alice/membership/d1", decision("active")),
        "d1 member active 0.5",
      ],
      ["takes everything back", events.delete("bob/membership/r2"), null],
    ];
    for (const [step, event, expected] of steps) {
      await folded.batch(event);
      assert.equal(await pair.inForce(), expected, `after ${step}`);
    }
  },
);

databaseTest(
  "the membership in force does not depend on the order of arrival or on batches",
  async (database) => {
    const events = new SampleEvents();
    const all = [
      events.put("alice/scene/s"),
      events.put("bob/membership/r1", { sceneId: SCENE }),
      events.put("alice/membership/d1", decision("active")),
      events.put("bob/membership/r2", { sceneId: SCENE }),
      events.put("alice/membership/d2", decision("active", { role: "guest" })),
      events.delete("alice/membership/d1"),
    ];
    for (const order of [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [4, 2, 5, 3, 1, 0]]) {
      for (const atOnce of [true, false]) {
        await database.sql`truncate records, accounts, scenes cascade`;
        const folded = new Folded(database);
        const delivered = order.flatMap((index) => all[index] ?? []);
        await (atOnce ? folded.batch(...delivered) : folded.each(...delivered));
        assert.equal(await new Pair(database).inForce(), "d2 guest active 0.5", `order ${order}`);
      }
    }
  },
);

databaseTest(
  "a decision is judged by the request that it answers, whatever else the member publishes",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const pair = new Pair(database);
    await folded.batch(
      events.put("alice/scene/s"),
      events.put("bob/membership/ask", { sceneId: SCENE }),
      events.put("alice/membership/decide", decision("active")),
    );
    assert.equal(await pair.inForce(), "decide member active 0.5");
    // The decision is a child of all that its member publishes in this collection.
    await folded.batch(
      events.put("bob/membership/other", {
        sceneId: uriOf("bob/scene/none"),
        member: didOf("carol"),
      }),
    );
    assert.equal(await pair.inForce(), "decide member active 0.5");
  },
);

databaseTest(
  "hiding a decision ends the access that it gave, and restoring it gives the access again",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const pair = new Pair(database);
    await folded.batch(
      events.put("alice/scene/s"),
      events.put("bob/membership/r", { sceneId: SCENE }),
      events.put("alice/membership/d", decision("active")),
    );
    const hidden: readonly (readonly [
      string,
      ReturnType<SampleEvents["put"]>,
      ReturnType<SampleEvents["put"]>,
    ])[] = [
      ["the scene", events.delete("alice/scene/s"), events.put("alice/scene/s")],
      ["the owner", events.account("alice", false, "suspended"), events.account("alice", true)],
      ["the member", events.account("bob", false, "deactivated"), events.account("bob", true)],
    ];
    for (const [what, goes, comes] of hidden) {
      await folded.batch(goes);
      assert.equal(await pair.inForce(), null, `${what} is gone`);
      await folded.batch(comes);
      assert.equal(await pair.inForce(), "d member active 0.5", `${what} is back`);
    }
  },
);

databaseTest(
  "a membership that an operator hid stays hidden, in force or not",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    const pair = new Pair(database);
    await folded.batch(
      events.put("alice/scene/s"),
      events.put("bob/membership/r", { sceneId: SCENE }),
      events.put("alice/membership/d", decision("active")),
    );
    await sql`update memberships set deleted_at = now() where record_rkey = 'd'`;
    assert.equal(
      await pair.inForce(),
      null,
      "no older row takes the place of one that an operator hid",
    );
    await folded.batch(events.put("alice/membership/d", decision("active", { role: "curator" })));
    assert.equal(await pair.inForce(), null);
    await sql`update memberships set moderated_at = null, deleted_at = null where record_rkey = 'd'`;
    assert.equal(await pair.inForce(), "d curator active 0.5");

    await sql`update memberships set deleted_at = null where record_rkey = 'r'`;
    assert.equal(
      await pair.inForce(),
      "d curator active 0.5",
      "what is not in force can't be shown",
    );
    await folded.batch(events.delete("alice/membership/d"));
    assert.equal(
      await pair.inForce(),
      "r member pending 0.5",
      "and was not taken for hidden either",
    );
  },
);

databaseTest(
  "a hidden membership stays hidden when another row was in force meanwhile",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    const pair = new Pair(database);
    await folded.batch(
      events.put("alice/scene/s"),
      events.put("bob/membership/r", { sceneId: SCENE }),
    );
    await sql`update memberships set deleted_at = now() where record_rkey = 'r'`;
    await folded.batch(events.put("alice/membership/d", decision("active")));
    assert.equal(await pair.inForce(), "d member active 0.5");
    await folded.batch(events.delete("alice/membership/d"));
    assert.equal(await pair.inForce(), null);
  },
);

databaseTest(
  "of two decisions in one commit the one with the greater key is in force",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const [first, second] = [
      events.put("alice/membership/b", decision("rejected")),
      events.put("alice/membership/a", decision("active")),
    ];
    assert.ok(first.commit && second.commit);
    const same = { ...second, commit: { ...second.commit, rev: first.commit.rev } };
    await folded.batch(events.put("alice/scene/s"), first, same);
    assert.equal(await new Pair(database).inForce(), "b member rejected 0.5");
  },
);

databaseTest(
  "memberships of a database of 0.1 are judged when it is upgraded",
  async (database) => {
    const { sql } = database;
    await migrate(sql, { migrations: MIGRATIONS.filter(({ version }) => version <= 6) });
    await sql`insert into scenes (id, name, owner_did, record_did, record_rkey)
    values (gen_random_uuid(), 'A scene', ${didOf("alice")}, ${didOf("alice")}, 's')`;
    const rows = [
      { by: "bob", rkey: "r", rev: "3k1", status: "pending", live: true },
      { by: "alice", rkey: "d1", rev: "3k2", status: "active", live: true },
      { by: "alice", rkey: "d2", rev: "3k3", status: "rejected", live: true },
      { by: "alice", rkey: "deleted", rev: "3k4", status: "active", live: false },
    ];
    for (const { by, rkey, rev, status, live } of rows) {
      await sql`insert into memberships (id, scene_id, user_did, status, record_did, record_rkey,
        record_rev, indexer_live, deleted_at)
      select gen_random_uuid(), id, ${didOf("bob")}, ${status}, ${didOf(by)}, ${rkey}, ${rev},
        ${live}, case when not ${live}::boolean then now() end from scenes`;
    }
    await migrate(sql);
    assert.equal(await new Pair(database).inForce(), "d2 member rejected 0.5");
  },
  { content: "empty" },
);

databaseTest(
  "a scene and a member have one row, whatever condition a query omits and whatever plan it has",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(
      events.put("alice/scene/s"),
      events.put("bob/membership/r1", { sceneId: SCENE }),
      events.put("alice/membership/d1", decision("pending")),
      events.put("alice/membership/d2", decision("active")),
      events.put("bob/membership/r2", { sceneId: SCENE }),
    );
    const id = String((await folded.row("alice/scene/s"))["id"]);
    for (const off of ["enable_seqscan", "enable_indexscan"]) {
      await sql.begin(async (tx) => {
        await tx.unsafe(`set local ${off} = off; set local enable_bitmapscan = off`);
        assert.deepEqual(
          [
            ...await tx`select status from memberships where scene_id = ${id} and user_did = ${
              didOf("bob")
            }`,
          ],
          [{ status: "active" }],
        );
        assert.deepEqual(
          [...await tx`select status, count(*)::int as count from memberships where scene_id = ${id} group by 1`],
          [{ status: "active", count: 1 }],
          "lists and sums of the scene hold what is in force alone",
        );
      });
    }
    for (const [record, state] of [["bob/membership/r1", false], ["alice/membership/d2", true]]) {
      const row = await folded.row(String(record));
      assert.deepEqual([row["record_scene_id"], row["scene_id"]], [id, state ? id : null]);
    }
  },
);
