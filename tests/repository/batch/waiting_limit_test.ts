import assert from "node:assert/strict";
import { openDeadLetterIds } from "../../../lib/repository/dead_letters/dead_letters.ts";
import { retryBatch } from "../../../lib/repository/dead_letters/retry_batch.ts";
import { WAITING_LIMIT } from "../../../lib/repository/batch/waiting_limit.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents, uriOf } from "../../support/sample_events.ts";
import type { JetstreamEvent } from "../../support/jetstream/stored_event.ts";

const LIMIT = 3;
const SCENE = "alice/scene/s1";

function orphans(events: SampleEvents, name: string, count: number): JetstreamEvent[] {
  return Array.from(
    { length: count },
    (_, index) => events.put(`${name}/post/p${index}`, { sceneId: uriOf(SCENE) }),
  );
}

databaseTest(
  "at most the limit of a repository's records wait, in one batch or in many",
  async (database) => {
    for (const way of ["batch", "each"] as const) {
      await database.sql`truncate records, dead_letters`;
      const events = new SampleEvents();
      const folded = new Folded(database, { waitingLimit: LIMIT });
      const outcomes = await folded[way](...orphans(events, "bob", 5));
      assert.deepEqual(outcomes, ["waiting", "waiting", "waiting", "dead_letter", "dead_letter"]);
      assert.deepEqual(await folded.openDeadLetterIds(), ["waiting_limit", "waiting_limit"]);
      // It is nobody else's fault.
      assert.deepEqual(await folded[way](...orphans(events, "carol", 2)), ["waiting", "waiting"]);
    }
  },
);

databaseTest(
  "waiting records can change, and records without a missing parent are accepted, also above the limit",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database, { waitingLimit: LIMIT });
    await folded.batch(...orphans(events, "bob", 4));
    const outcomes = await folded.batch(
      events.put("bob/post/p0", { sceneId: uriOf(SCENE), text: "again" }),
      events.put("bob/post/p3", { sceneId: uriOf(SCENE), text: "still too many" }),
      events.put("bob/scene/own"),
      events.put("bob/post/own", { sceneId: uriOf("bob/scene/own") }),
      events.delete("bob/post/p1"),
    );
    assert.deepEqual(outcomes, ["waiting", "dead_letter", "applied", "applied", "applied"]);
    // The deleted record no longer counts.
    assert.deepEqual(await folded.batch(...orphans(events, "bob", 4).slice(3)), ["waiting"]);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
  },
);

databaseTest(
  "a record that occurs twice in one batch counts once",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database, { waitingLimit: LIMIT });
    const again = (): JetstreamEvent => events.put("bob/post/again", { sceneId: uriOf(SCENE) });
    const [first, last] = orphans(events, "bob", 2);
    assert.ok(first !== undefined && last !== undefined);
    // Not first: so two of them are of one part of the batch.
    const outcomes = await folded.batch(first, again(), again(), again(), last);
    assert.deepEqual(outcomes, Array(5).fill("waiting"));
  },
);

databaseTest(
  "when the parent arrives, waiting records are applied, and a retry applies the others",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database, { waitingLimit: LIMIT });
    await folded.batch(...orphans(events, "bob", 5));
    const letters = async (): Promise<readonly string[]> => {
      const batch = await retryBatch(
        sql,
        await openDeadLetterIds(sql, { reason: "waiting_limit" }, 100),
      );
      return (await folded.writer.write(batch, new AbortController().signal)).outcomes;
    };
    assert.deepEqual(await letters(), ["dead_letter", "dead_letter"]);
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await folded.states("bob/post/p2", "bob/post/p3"), ["applied", "rejected"]);
    assert.deepEqual(await letters(), ["applied", "applied"]);
    assert.equal(await folded.count("posts"), 5);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
  },
);

databaseTest("children that lose their parent wait, in any number", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database, { waitingLimit: LIMIT });
  await folded.batch(events.put(SCENE), ...orphans(events, "bob", 5));
  await folded.batch(events.delete(SCENE));
  assert.equal(await folded.count("records where state = 'waiting'"), 5);
  await folded.batch(events.put(SCENE));
  assert.equal(await folded.count("posts where deleted_at is null"), 5);
});

databaseTest("a flood of children without a parent ends at the limit", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  const flood = orphans(events, "bob", WAITING_LIMIT + 500);
  for (let at = 0; at < flood.length; at += 1000) await folded.batch(...flood.slice(at, at + 1000));
  assert.equal(await folded.count("records where state = 'waiting'"), WAITING_LIMIT);
  assert.equal(await folded.count("dead_letters where reason = 'waiting_limit'"), 500);
  assert.deepEqual(await folded.batch(events.put("alice/scene/other")), ["applied"]);
});
