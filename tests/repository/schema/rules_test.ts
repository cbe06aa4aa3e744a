/** Rules of the fold that depend on a certain order of events, each as a fixed case. */

import assert from "node:assert/strict";
import { isMigrated } from "../../../lib/repository/schema/migrate.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents, tidAt, uriOf } from "../../support/sample_events.ts";

const SCENE = "alice/scene/s1";

databaseTest("a rebuilt record is live whatever its revision", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database, { protocol: "v2" });
  await folded.batch(events.put(SCENE, { name: "Before" }));
  await folded.batch(events.sync("alice"));
  assert.deepEqual(await folded.live(SCENE), [false]);
  const again = events.put(SCENE, { name: "Rebuilt" });
  assert.ok(again.commit);
  const older = { ...again, commit: { ...again.commit, rev: tidAt(1_000_000) } };
  assert.deepEqual(await folded.batch(older), ["applied"]);
  assert.deepEqual(await folded.live(SCENE), [true]);
  assert.equal((await folded.row(SCENE))["name"], "Rebuilt");
});

databaseTest(
  "a bare reference means the author's own record from its first event on, also when that is deleted",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const post = "bob/post/p1";
    await folded.batch(events.put(SCENE), events.put(post, { sceneId: "s1" }));
    assert.deepEqual(await folded.live(post), [true]);
    await folded.batch(events.delete("bob/scene/s1"));
    assert.deepEqual(await folded.live(post), [false]);
    await folded.batch(events.put("bob/scene/s1"));
    assert.deepEqual(await folded.live(post), [true]);
  },
);

databaseTest(
  "a bare reference that two repositories match waits, and an event does not wait for another owner's scene",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const [post, event] = ["bob/post/p1", "bob/event/e1"];
    await folded.batch(events.put(SCENE), events.put("carol/scene/s1"));
    await folded.batch(events.put(post, { sceneId: "s1" }));
    assert.deepEqual(await folded.live(post), [false]);
    await folded.batch(events.delete("carol/scene/s1"));
    assert.deepEqual(await folded.live(post), [true]);
    assert.deepEqual(await folded.batch(events.put(event, { sceneId: uriOf(SCENE) })), [
      "dead_letter",
    ]);
    assert.deepEqual(await folded.batch(events.put(event, { sceneId: "s1" })), ["dead_letter"]);
  },
);

databaseTest("the operator's time of hiding is kept when the author deletes", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  const hiddenAt = new Date("2026-08-20T10:00:00Z");
  await folded.batch(events.put(SCENE));
  await database.sql`update scenes set deleted_at = ${hiddenAt}`;
  await folded.batch(events.delete(SCENE));
  const row = await folded.row(SCENE);
  assert.deepEqual([row["deleted_at"], row["moderated_at"]], [hiddenAt, hiddenAt]);
});

databaseTest(
  "an older revision can only make the creation time earlier",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const older = events.put(SCENE, { name: "Older", createdAt: "2026-01-01T00:00:00Z" });
    const newer = events.put(SCENE, { name: "Newer", createdAt: "2026-02-01T00:00:00Z" });
    assert.deepEqual(await folded.each(newer, older, newer), ["applied", "stale", "duplicate"]);
    const row = await folded.row(SCENE);
    assert.equal(row["name"], "Newer");
    assert.deepEqual(row["created_at"], new Date("2026-01-01T00:00:00Z"));
  },
);

databaseTest(
  "a database of a newer program is migrated, one of an older is not",
  async ({ sql }) => {
    assert.equal(await isMigrated(sql), true);
    await sql`insert into schema_migrations (version, name, checksum) values (9999, 'future', 'x')`;
    assert.equal(await isMigrated(sql), true);
    await sql`delete from schema_migrations where version > 1`;
    assert.equal(await isMigrated(sql), false);
  },
);
