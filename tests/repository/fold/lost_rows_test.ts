import assert from "node:assert/strict";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { keyOf, SampleEvents } from "../../support/sample_events.ts";

const [SCENE, EVENT, OTHER] = ["alice/scene/s1", "alice/event/e1", "alice/scene/s2"];

databaseTest(
  "rows without a ledger record are overwritten, in one batch with new ones",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE), events.put(EVENT, { name: "Before", sceneId: "s1" }));
    const before = await folded.row(EVENT);
    await sql`delete from records`;
    assert.deepEqual(
      await folded.batch(
        events.put(SCENE),
        events.put(OTHER),
        events.put(EVENT, { name: "After", sceneId: "s2" }),
      ),
      ["applied", "applied", "applied"],
    );
    const after = await folded.row(EVENT);
    assert.deepEqual([after["id"], after["title"]], [before["id"], "After"]);
    assert.equal(after["scene_id"], (await folded.row(OTHER))["id"]);
    assert.deepEqual(
      [
        await folded.count("scenes"),
        await folded.count("events"),
        await folded.openDeadLetterIds(),
      ],
      [2, 1, []],
    );
  },
);

databaseTest(
  "a newer revision that another writer stores during a batch wins",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const { did, collection, rkey } = keyOf(SCENE);
    let brought = 0;
    const steps: string[] = [];
    const folded = new Folded(database, {
      step: async (name) => {
        steps.push(name);
        if (name !== "loaded" || brought > 0) return;
        brought++;
        await sql`insert into records
            (did, collection, rkey, rev, idempotency_key, state, event_time, created_at)
          values (${did}, ${collection}, ${rkey}, '7777777777777', '', 'deleted', now(), now())`;
      },
    });
    assert.deepEqual(
      await folded.batch(events.put(SCENE), events.put(OTHER)),
      ["stale", "applied"],
    );
    assert.equal(brought, 1);
    // No row is at fault, so none is looked for.
    assert.ok(!steps.includes("refused"));
    assert.deepEqual(await folded.states(SCENE, OTHER), ["deleted", "applied"]);
    assert.deepEqual(await folded.live(SCENE, OTHER), [false, true]);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
  },
  { kinds: ["server"] },
);
