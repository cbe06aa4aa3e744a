/** `verify`: tables, ledger and sources are compared, and nothing is changed. */

import assert from "node:assert/strict";
import { told } from "../support/command_output.ts";
import { settings } from "../support/crash/settings.ts";
import { databaseTest, type TestDatabase } from "../support/database.ts";
import { Folded } from "../support/folded.ts";
import { TinyNetwork } from "../support/pds/tiny_network.ts";
import { SampleEvents, uriOf } from "../support/sample_events.ts";

function env(
  { url }: TestDatabase,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return settings(url, "ws://127.0.0.1:1/subscribe", more);
}

databaseTest("verify ends with 0 when nothing differs", async (database) => {
  const events = new SampleEvents();
  await new Folded(database).batch(
    events.put("alice/scene/s1", { location: { lat: 47.6, lng: -122.3, allowPrecise: true } }),
    events.put("alice/event/e1", { sceneId: "s1", location: { coarseGeohash: "c23nb6" } }),
    events.put("bob/post/p1", { text: "!", sceneId: uriOf("alice/scene/s1"), labels: ["nsfw"] }),
    events.put("bob/membership/m1", { sceneId: uriOf("alice/scene/s1") }),
    events.put("carol/scene/bad", { name: 3 }),
    events.put("carol/event/e2", { sceneId: "none" }),
    events.delete("carol/scene/gone"),
  );
  const { code, out, err } = await told(["verify"], { env: env(database) });
  assert.deepEqual(err, []);
  assert.deepEqual(out, [
    "app.subcult.scene: 2 records, all right",
    "app.subcult.event: 2 records, all right",
    "app.subcult.post: 1 records, all right",
    "app.subcult.alliance: 0 records, all right",
    "app.subcult.membership: 1 records, all right",
    "app.subcult.stream: 0 records, all right",
  ]);
  assert.equal(code, 0);
});

databaseTest(
  "verify reports which records differ between ledger and tables, and changes nothing",
  async (database) => {
    const { sql } = database;
    const folded = new Folded(database);
    const events = new SampleEvents();
    await folded.batch(
      events.put("alice/scene/s1", { location: { lat: 47.6, lng: -122.3, allowPrecise: true } }),
      events.put("alice/scene/s2"),
      events.put("alice/event/e1", { sceneId: "s1" }),
      events.put("alice/event/e2", { sceneId: "s1" }),
      events.put("bob/post/p1", { text: "!", sceneId: uriOf("alice/scene/s1") }),
      events.put("bob/post/p2", { text: "!", sceneId: uriOf("alice/scene/s1") }),
    );
    await sql`update scenes set display_point = 'point(1 2)' where record_rkey = 's1'`;
    await sql`delete from scenes where record_rkey = 's2'`;
    await sql`update events set indexer_live = false, deleted_at = now() where record_rkey = 'e1'`;
    await sql`update records set state = 'waiting', waiting_for = 'x', reason = 'parent_missing'
    where rkey = 'e2'`;
    await sql`update records set state = 'deleted', record = null where rkey = 'p1'`;
    await sql`update posts set record_rev = '3aaaaaaaaaaaa' where record_rkey = 'p2'`;
    const before = await sql`select md5(string_agg(r::text, '')) from records r`;
    const { code, out } = await told(["verify", "--json"], { env: env(database) });
    assert.equal(code, 1);
    const [scenes, heldEvents, posts] = out.map((line) => JSON.parse(line));
    assert.deepEqual(scenes, {
      collection: "app.subcult.scene",
      records: 2,
      differing: 2,
      by: { "columns display_point": 1, "applied, and has no live row": 1 },
      examples: [
        { uri: uriOf("alice/scene/s1"), what: "columns display_point" },
        { uri: uriOf("alice/scene/s2"), what: "applied, and has no live row" },
      ],
    });
    assert.deepEqual(heldEvents.by, {
      "applied, and has no live row": 1,
      "waiting (parent_missing) → applied": 1,
      "a live row without a matching record": 1,
    });
    assert.deepEqual(posts.by, {
      "a live row without a matching record": 2,
      "columns record_rev": 1,
    });
    assert.deepEqual(await sql`select md5(string_agg(r::text, '')) from records r`, before);
    const one = await told(["verify", "--collection", "app.subcult.alliance"], {
      env: env(database),
    });
    assert.deepEqual([one.code, one.out.length], [0, 1]);
  },
);

databaseTest("a sample of repositories is compared with their servers", async (database) => {
  await using network = new TinyNetwork();
  const did = "did:plc:tidetablesexample234567a";
  const more = { PLC_URL: network.url, RECONCILE_ALLOW_PRIVATE: "true" };
  await network.account(did);
  network.put(did, "app.subcult.scene/s1", { $type: "app.subcult.scene", name: "one" });
  const options = { env: env(database, more) };
  assert.equal((await told(["reconcile", did], options)).code, 0);
  const right = await told(["verify", "--sample", "3"], options);
  assert.match(right.out.at(-1) ?? "", /^did:plc:tidetables\S+: 1 records at \S+, all right$/);
  assert.equal(right.code, 0);

  network.put(did, "app.subcult.scene/s1", { $type: "app.subcult.scene", name: "other" });
  network.put(did, "app.subcult.scene/s2", { $type: "app.subcult.scene", name: "two" });
  const missed = await told(["verify", "--sample", "3"], options);
  assert.equal(missed.code, 1);
  assert.match(missed.out.at(-1) ?? "", /2 missing or different here, 0 deleted there$/);
  assert.equal(await new Folded(database).count("records"), 1);
});
