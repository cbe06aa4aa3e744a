/** Account events that are repeated, or arrive in another order than they happened. */

import assert from "node:assert/strict";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { didOf, SampleEvents } from "../../support/sample_events.ts";

const SCENE = "alice/scene/s1";
const SECOND = 1_000_000;

databaseTest(
  "known_since is the time of the earliest record, in any order of arrival",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const early = events.put("alice/scene/early");
    const [named, active] = [
      events.identity("alice", "alice.example"),
      events.account("alice", true),
    ];
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await folded.each(named, active), ["ignored", "ignored"]);
    assert.deepEqual(await folded.batch(early), ["applied"]);
    assert.deepEqual(await folded.each(named, active), ["applied", "applied"]);
  },
);

databaseTest(
  "an account event that another instance stamps with its clock is a duplicate by the relay's number",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    const off = events.account("alice", false, "deactivated");
    const again = { ...off, time_us: events.timeUs + 5 * SECOND };
    assert.deepEqual(await folded.each(off, again), ["applied", "duplicate"]);
    const named = events.identity("alice", "alice.example");
    const renamed = { ...named, time_us: events.timeUs + 5 * SECOND };
    assert.deepEqual(await folded.each(named, renamed), ["applied", "duplicate"]);
  },
);

databaseTest(
  "without the relay's number, an event with the same time is a duplicate",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    const did = didOf("alice");
    const { time_us = 0 } = events.account("alice", false);
    const off = { did, time_us, kind: "account", account: { did, active: false } } as const;
    const on = { ...off, time_us: time_us + SECOND, account: { did, active: true } };
    assert.deepEqual(await folded.each(off, off, on, on, off), [
      "applied",
      "duplicate",
      "applied",
      "duplicate",
      "stale",
    ]);
    assert.deepEqual(await folded.live(SCENE), [true]);
  },
);

databaseTest("an identity event without a handle keeps the stored handle", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  const did = didOf("alice");
  await folded.batch(events.put(SCENE), events.identity("alice", "alice.example"));
  const { identity: _, ...bare } = events.identity("alice", "");
  assert.deepEqual(await folded.batch({ ...bare, identity: { did } }), ["applied"]);
  const [row] = await database.sql`select handle from accounts where did = ${did}`;
  assert.equal(row?.["handle"], "alice.example");
});

databaseTest(
  "an identity event with an invalid handle removes the stored one",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    for (const none of ["a..b", "-x.test", "192.168.0.142"]) {
      await folded.batch(events.identity("alice", "alice.example"));
      assert.deepEqual(await folded.batch(events.identity("alice", none)), ["applied"]);
      const [row] = await database.sql`select handle from accounts where did = ${didOf("alice")}`;
      assert.equal(row?.["handle"], null, none);
    }
    assert.deepEqual(await folded.openDeadLetterIds(), []);
  },
);

databaseTest("a repeated rebuild is a duplicate, an older one is stale", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database, { protocol: "v2" });
  await folded.batch(events.put(SCENE));
  const [first, second] = [events.sync("alice"), events.sync("alice")];
  assert.deepEqual(await folded.each(first, second), ["applied", "applied"]);
  assert.deepEqual(await folded.each(second, first), ["duplicate", "stale"]);
});
