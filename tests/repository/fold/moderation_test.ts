import assert from "node:assert/strict";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents, uriOf } from "../../support/sample_events.ts";

const SCENE = "alice/scene/s1";
const POST = "bob/post/p1";

databaseTest(
  "a row that an operator hid stays hidden until the operator shows it, whatever the author does",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    await sql`update scenes set deleted_at = '2026-08-20T10:00:00Z'`;

    await folded.batch(events.put(SCENE, { name: "Changed" }));
    const hidden = await folded.row(SCENE);
    assert.equal(hidden["name"], "Changed");
    assert.equal(String(hidden["deleted_at"]), String(new Date("2026-08-20T10:00:00Z")));
    await folded.batch(events.delete(SCENE));
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await folded.live(SCENE), [false]);
    await folded.batch(events.account("alice", false, "suspended"));
    await folded.batch(events.account("alice", true));
    assert.deepEqual(await folded.live(SCENE), [false]);

    await sql`update scenes set deleted_at = null`;
    await folded.batch(events.put(SCENE, { name: "Back" }));
    const shown = await folded.row(SCENE);
    assert.deepEqual([shown["name"], shown["deleted_at"], shown["moderated_at"]], [
      "Back",
      null,
      null,
    ]);
  },
);

databaseTest(
  "showing a row whose author deleted it does not count as moderation",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    await folded.batch(events.delete(SCENE));
    await sql`update scenes set deleted_at = null`;
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await folded.live(SCENE), [true]);
    await folded.batch(events.delete(SCENE));
    assert.deepEqual(await folded.live(SCENE), [false]);
  },
);

databaseTest(
  "labels that a moderator added survive the author's updates, and the author's own follow them",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    const sceneId = uriOf(SCENE);
    const labels = async (): Promise<unknown> => (await folded.row(POST))["labels"];
    await folded.batch(events.put(SCENE), events.put(POST, { sceneId, labels: ["nsfw"] }));
    await sql`update posts set labels = labels || '{spam}'`;
    await folded.batch(events.put(POST, { sceneId, labels: ["nsfw", "flagged"] }));
    assert.equal(await labels(), "{nsfw,flagged,spam}");
    await folded.batch(events.put(POST, { sceneId }));
    assert.equal(await labels(), "{spam}");
    await folded.batch(events.delete(POST));
    await folded.batch(events.put(POST, { sceneId, labels: ["hidden"] }));
    assert.equal(await labels(), "{hidden,spam}");
    await sql`update posts set labels = array_remove(labels, 'spam')`;
    await folded.batch(events.put(POST, { sceneId, labels: ["hidden"] }));
    assert.equal(await labels(), "{hidden}");
  },
);

databaseTest("a hidden scene is still the parent of its children", async (database) => {
  const { sql } = database;
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.batch(events.put(SCENE), events.put(POST, { sceneId: uriOf(SCENE) }));
  await sql`update scenes set deleted_at = now()`;
  await folded.batch(events.put(POST, { sceneId: uriOf(SCENE), text: "changed" }));
  assert.deepEqual(await folded.states(SCENE, POST), ["applied", "applied"]);
});

databaseTest(
  "a hidden child is deleted with its parent, and then has no place",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    const [event, post] = ["alice/event/e1", "bob/post/p1"];
    const location = { lat: 52.5200066, lng: 13.404954, allowPrecise: true };
    await folded.batch(
      events.put(SCENE),
      events.put(event, { sceneId: "s1", location }),
      events.put(post, { sceneId: undefined, eventId: uriOf(event) }),
    );
    await sql`update events set deleted_at = now()`;
    await sql`update posts set deleted_at = now()`;
    await folded.batch(events.delete(SCENE));
    assert.deepEqual(await folded.states(event, post), ["waiting", "waiting"]);
    const hidden = await folded.row(event);
    assert.deepEqual([hidden["precise_point"], hidden["display_point"]], [null, null]);

    // It returns with its parent, still hidden, until the operator shows it.
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await folded.states(event, post), ["applied", "applied"]);
    assert.deepEqual(await folded.live(event, post), [false, false]);
    await sql`update events set deleted_at = null`;
    assert.deepEqual(await folded.live(event), [true]);
  },
);

databaseTest("columns that only the app writes are not changed", async (database) => {
  const { sql } = database;
  const events = new SampleEvents();
  const folded = new Folded(database);
  const stream = "alice/stream/live";
  await folded.batch(events.put(SCENE), events.put(stream, { sceneId: "s1" }));
  const user = crypto.randomUUID();
  await sql`update scenes set owner_user_id = ${user}, connected_account_id = 'acct_1'`;
  await sql`update stream_sessions set participant_count = 7, join_count = 12`;
  await folded.batch(events.put(SCENE, { name: "Changed" }), events.put(stream, { sceneId: "s1" }));
  const scene = await folded.row(SCENE);
  assert.deepEqual([scene["name"], scene["owner_user_id"], scene["connected_account_id"]], [
    "Changed",
    user,
    "acct_1",
  ]);
  const session = await folded.row(stream);
  assert.deepEqual([session["participant_count"], session["join_count"]], [7, 12]);
});
