import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { confirmedDeletion } from "../../support/confirmed_deletion.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { didOf, SampleEvents, uriOf } from "../../support/sample_events.ts";

const SCENE = "alice/scene/s1";
const POST = "bob/post/p1";

interface AccountRow {
  readonly handle: string | null;
  readonly active: boolean;
  readonly status: string | null;
}

async function account(sql: Sql, name: string): Promise<AccountRow | null> {
  const [row] = await sql<AccountRow[]>`
    select handle, active, status from accounts where did = ${didOf(name)}`;
  return row === undefined ? null : { ...row };
}

databaseTest(
  "V-10 T17 an inactive account's records are suppressed with their children, and return with the account",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE), events.put(POST, { sceneId: uriOf(SCENE) }));
    for (const status of ["deactivated", "suspended", "takendown", "desynchronized"]) {
      assert.deepEqual(await folded.batch(events.account("alice", false, status)), ["applied"]);
      assert.deepEqual(await folded.states(SCENE, POST), ["suppressed", "waiting"]);
      assert.deepEqual(await folded.live(SCENE, POST), [false, false]);
      assert.deepEqual(await account(database.sql, "alice"), {
        handle: null,
        active: false,
        status,
      });
      assert.deepEqual(await folded.batch(events.account("alice", true)), ["applied"]);
      assert.deepEqual(await folded.live(SCENE, POST), [true, true]);
    }
  },
);

databaseTest(
  "records that arrive while the account is inactive are suppressed until it is active",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE), events.account("alice", false, "suspended"));
    assert.deepEqual(await folded.batch(events.put("alice/scene/s2")), ["applied"]);
    assert.deepEqual(await folded.states("alice/scene/s2"), ["suppressed"]);
    await folded.batch(events.account("alice", true));
    assert.deepEqual(await folded.live("alice/scene/s2"), [true]);
  },
);

databaseTest(
  "a deleted account's records are hidden at once, and return with it if the deletion was not confirmed",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const [late, place] = [events.put("alice/scene/late"), { lat: 47.6, lng: -122.3 }];
    const located = { location: { ...place, allowPrecise: true } };
    await folded.batch(events.put(SCENE, located), events.account("alice", false, "deleted"));
    assert.deepEqual(await folded.states(SCENE), ["suppressed"]);
    assert.deepEqual(await folded.live(SCENE), [false]);
    const { precise_point, display_point } = await folded.row(SCENE);
    assert.deepEqual([precise_point, display_point], [null, null]);
    // What was published before and comes after the deletion is hidden too.
    assert.deepEqual(await folded.batch(late), ["applied"]);
    assert.deepEqual(await folded.states("alice/scene/late"), ["suppressed"]);
    await folded.batch(events.account("alice", true));
    assert.deepEqual(await folded.live(SCENE, "alice/scene/late"), [true, true]);
    assert.notEqual((await folded.row(SCENE))["precise_point"], null);
  },
);

databaseTest(
  "a deletion is queued for confirmation once, also when the account's first record comes after it",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const asked = async (): Promise<
      unknown[]
    > => [...await database.sql`select did, reason, requested_at from reconciles order by did`];
    const scene = events.put("bob/scene/s1");
    const deletions = ["alice", "bob"].map((name) => events.account(name, false, "deleted"));
    await folded.batch(events.put(SCENE), ...deletions);
    const first = await asked();
    assert.deepEqual(first.map((row) => (row as { did: string }).did), [didOf("alice")]);
    await folded.batch(scene);
    const both = await asked();
    assert.deepEqual([both[0], both.length], [first[0], 2]);
    await folded.each(scene, ...deletions);
    assert.deepEqual(await asked(), both);
  },
);

databaseTest(
  "a confirmed deletion removes earlier records, and nothing of an account that returned",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const confirmed = (event: { readonly time_us?: number }) =>
      folded.decoded([confirmedDeletion("alice", event.time_us ?? 0)]);
    const letter = "alice/scene/nameless";
    const records = [events.put(SCENE), events.put(letter, { name: "" })];
    const deletion = events.account("alice", false, "deleted");
    await folded.batch(...records, deletion);
    assert.deepEqual(await folded.openDeadLetterIds(), ["empty_field"]);
    await folded.batch(events.account("alice", true));
    assert.deepEqual((await confirmed(deletion)).outcomes, ["stale"]);
    assert.deepEqual(await folded.live(SCENE), [true]);
    const again = events.account("alice", false, "deleted");
    await folded.batch(again, events.put("alice/scene/after"));
    assert.deepEqual((await confirmed(deletion)).outcomes, ["stale"]);
    assert.deepEqual((await confirmed(again)).outcomes, ["applied"]);
    assert.deepEqual((await confirmed(again)).outcomes, ["stale"]);
    assert.deepEqual(await folded.states(SCENE, letter, "alice/scene/after"), [
      "deleted",
      "deleted",
      "suppressed",
    ]);
    const [payload] = await database.sql`select payload, resolution from dead_letters`;
    assert.deepEqual({ ...payload }, { payload: null, resolution: "superseded" });
  },
);

databaseTest(
  "T17 after a confirmed deletion the account's records are removed for good, and new ones are applied",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const late = events.put("alice/scene/late");
    const scene = events.put(SCENE);
    const deletion = events.account("alice", false, "deleted");
    await folded.batch(scene, deletion);
    await folded.decoded([confirmedDeletion("alice", deletion.time_us ?? 0)]);
    const gone = await folded.ledger(SCENE);
    assert.deepEqual([gone?.state, gone?.record], ["deleted", null]);
    await folded.batch(events.account("alice", true));
    assert.deepEqual(await folded.states(SCENE), ["deleted"]);
    // What happened before the deletion stays deleted although it arrives after it.
    assert.deepEqual(await folded.batch(late), ["applied"]);
    assert.deepEqual(await folded.states("alice/scene/late"), ["deleted"]);
    await folded.batch(events.put(SCENE), events.put("alice/scene/new"));
    assert.deepEqual(await folded.live(SCENE, "alice/scene/new"), [true, true]);
  },
);

databaseTest(
  "T8 account events of accounts without stored records are ignored",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const outcomes = await folded.batch(
      events.account("carol", true),
      events.identity("carol", "carol.example"),
      events.account("dave", false, "suspended"),
      events.account("dave", false, "suspended"),
    );
    assert.deepEqual(outcomes, Array(4).fill("ignored"));
    assert.equal(await account(database.sql, "carol"), null);
    // An inactive one is remembered, so that its records stay hidden should they come.
    await folded.batch(events.put("dave/scene/s1"));
    assert.deepEqual(await folded.states("dave/scene/s1"), ["suppressed"]);
  },
);

databaseTest("a repeated account event is a duplicate, an older one is stale", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.batch(events.put(SCENE));
  const [off, on] = [events.account("alice", false, "deactivated"), events.account("alice", true)];
  assert.deepEqual(await folded.each(off, on), ["applied", "applied"]);
  assert.deepEqual(await folded.each(on, off), ["duplicate", "stale"]);
  assert.deepEqual(await folded.live(SCENE), [true]);
});

databaseTest(
  "V-09 the handle of an identity event is stored for an account with stored records",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const before = events.identity("alice", "before.example");
    await folded.batch(events.put(SCENE));
    const [old, now] = [
      events.identity("alice", "old.example"),
      events.identity("alice", "now.example"),
    ];
    assert.deepEqual(await folded.each(before, old, now), ["ignored", "applied", "applied"]);
    assert.deepEqual(await folded.each(now, old), ["duplicate", "stale"]);
    assert.equal((await account(database.sql, "alice"))?.handle, "now.example");
  },
);

databaseTest(
  "V-09 a rebuilt repository's records are void until they arrive again, also with the same revision",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database, { protocol: "v2" });
    const [kept, lost] = [events.put(SCENE), events.put("alice/scene/lost")];
    await folded.batch(kept, lost);
    assert.deepEqual(await folded.batch(events.sync("alice")), ["applied"]);
    assert.deepEqual(await folded.states(SCENE, "alice/scene/lost"), ["deleted", "deleted"]);
    assert.deepEqual(await account(database.sql, "alice"), {
      handle: null,
      active: true,
      status: null,
    });
    // The new records have the time of the rebuild; the old ones are void.
    const again = { ...kept, time_us: events.timeUs };
    assert.deepEqual(await folded.each(lost, again, kept), ["stale", "applied", "duplicate"]);
    assert.deepEqual(await folded.live(SCENE, "alice/scene/lost"), [true, false]);
  },
);

databaseTest(
  "a revision repeated in the batch of the rebuild may have other references",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database, { protocol: "v2" });
    const scene = "bob/scene/s2";
    const old = events.put("alice/post/p1", { eventId: "nowhere" });
    await folded.batch(events.put(scene), old);
    const rebuilt = events.sync("alice");
    const changed = events.put("alice/post/p1", { sceneId: uriOf(scene) });
    const again = {
      ...changed,
      time_us: events.timeUs,
      commit: { ...changed.commit!, rev: old.commit!.rev },
    };
    assert.deepEqual(await folded.batch(rebuilt, again), ["applied", "applied"]);
  },
);

databaseTest(
  "an invalid record is rejected, also while its account is inactive",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const alliance = "alice/alliance/with-itself";
    await folded.batch(
      events.put("alice/scene/nameless", { name: "" }),
      events.account("alice", false, "suspended"),
      events.put(alliance, { fromSceneId: "s1", toSceneId: "s1" }),
    );
    assert.deepEqual(await folded.states("alice/scene/nameless", alliance), [
      "rejected",
      "rejected",
    ]);
  },
);

databaseTest(
  "a record in one batch with its account's confirmed deletion is removed, also before it is written",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    // Parts of one event, then of two: the deletion finds the second record folded and not yet sent.
    const unsent = "alice/scene/unsent";
    const records = [events.put(SCENE), events.put(unsent)];
    const deletion = events.account("alice", false, "deleted");
    await folded.batch(...records, deletion);
    assert.deepEqual(await folded.states(SCENE, unsent), ["suppressed", "suppressed"]);
    await folded.decoded([confirmedDeletion("alice", deletion.time_us ?? 0)]);
    const rows = await Promise.all([SCENE, unsent].map((record) => folded.ledger(record)));
    assert.deepEqual(rows.map((row) => [row?.state, row?.record]), [
      ["deleted", null],
      ["deleted", null],
    ]);
    const [account] = await database.sql`select account_time, identity_time from accounts`;
    assert.ok(account?.["account_time"] instanceof Date);
    assert.equal(account["identity_time"], null);
  },
);

databaseTest(
  "a record of the same instant as the account's deletion is deleted",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    const instant = { time_us: events.timeUs };
    await folded.batch({ ...events.account("alice", false, "deleted"), ...instant });
    await folded.decoded([confirmedDeletion("alice", instant.time_us ?? 0)]);
    await folded.batch(events.account("alice", true));
    assert.deepEqual(await folded.states(SCENE), ["deleted"]);
    const late = { ...events.put("alice/scene/late"), ...instant };
    assert.deepEqual(await folded.batch(late), ["applied"]);
    assert.deepEqual(await folded.states("alice/scene/late"), ["deleted"]);
  },
);

databaseTest(
  "within a minute the relay's order of account events decides, beyond it the time",
  async (database) => {
    const minute = 60_000_000;
    for (const [skew, outcome] of [[minute, "stale"], [minute + 1, "applied"]] as const) {
      await database.sql`truncate records, accounts, scenes cascade`;
      const events = new SampleEvents();
      const folded = new Folded(database);
      const [off, on] = [events.account("alice", false), events.account("alice", true)];
      await folded.batch({ ...events.put(SCENE), time_us: 1_000_000 }, off, on);
      // Another instance, with its own clock, sends the first of them again.
      const again = { ...off, time_us: (on.time_us ?? 0) + skew };
      assert.deepEqual(await folded.batch(again), [outcome]);
      assert.deepEqual(await folded.live(SCENE), [outcome === "stale"]);
    }
  },
);

databaseTest(
  "a deletion with a time before a rebuild, by another clock, restores nothing",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database, { protocol: "v2" });
    const scene = events.put(SCENE);
    await folded.batch(scene, events.sync("alice"));
    const deletion = events.account("alice", false, "deleted");
    await folded.batch({ ...deletion, time_us: (scene.time_us ?? 0) - 1 });
    await folded.batch(events.account("alice", true));
    assert.deepEqual(await folded.batch(scene), ["stale"]);
    assert.deepEqual(await folded.live(SCENE), [false]);
  },
);
