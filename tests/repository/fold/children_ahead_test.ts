/**
 * The queries before a batch is folded suffice until its end: all children are found, and what a
 * record refers to is loaded if it may change.
 */

import assert from "node:assert/strict";
import { PART_SIZES } from "../../../lib/repository/batch/batch_fold.ts";
import { REPOSITORIES_MOST } from "../../../lib/repository/fold/record_queries.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents, uriOf } from "../../support/sample_events.ts";

const AT_SCENE = { sceneId: uriOf("alice/scene/s1") };
const AT_EVENT = { sceneId: undefined, eventId: uriOf("alice/event/e1") };

databaseTest("a post before its scene in the same batch is live", async ({ sql }) => {
  const folded = new Folded({ sql });
  const events = new SampleEvents();
  const outcomes = await folded.batch(
    events.put("bob/post/a", AT_SCENE),
    events.put("carol/post/b", AT_SCENE),
    events.put("alice/scene/s1"),
  );
  assert.deepEqual(outcomes, ["waiting", "waiting", "applied"]);
  assert.deepEqual(await folded.states("bob/post/a", "carol/post/b"), ["applied", "applied"]);
});

databaseTest(
  "a post is hidden when its scene is deleted later in the same batch",
  async ({ sql }) => {
    const folded = new Folded({ sql });
    const events = new SampleEvents();
    await folded.batch(events.put("alice/scene/s1"), events.put("bob/post/before", AT_SCENE));
    await folded.batch(
      events.put("bob/post/a", AT_SCENE),
      events.put("bob/post/b", AT_SCENE),
      events.put("bob/post/c", AT_SCENE),
      events.delete("alice/scene/s1"),
    );
    assert.deepEqual(
      await folded.states("bob/post/before", "bob/post/a", "bob/post/b", "bob/post/c"),
      ["waiting", "waiting", "waiting", "waiting"],
    );
  },
);

databaseTest("a post is hidden when its scene's new revision is rejected", async ({ sql }) => {
  const folded = new Folded({ sql });
  const events = new SampleEvents();
  await folded.batch(events.put("alice/scene/s1"), events.put("bob/post/a", AT_SCENE));
  await folded.batch(events.put("alice/scene/s1", { name: "" }));
  assert.deepEqual(await folded.states("alice/scene/s1", "bob/post/a"), ["rejected", "waiting"]);
});

databaseTest(
  "a record that began to wait within a batch is found when its parent arrives",
  async ({ sql }) => {
    const folded = new Folded({ sql });
    const events = new SampleEvents();
    await folded.batch(
      events.put("dora/scene/s2"),
      events.put("dora/post/a", AT_SCENE),
      events.account("dora", false, "deactivated"),
    );
    assert.deepEqual(await folded.states("dora/post/a"), ["suppressed"]);
    // The bare name means a scene that comes back: so all of the account is judged before the rest.
    await folded.batch(
      events.account("dora", true),
      events.put("bob/post/b", { sceneId: "s2" }),
      events.put("alice/scene/s1"),
    );
    assert.deepEqual(await folded.states("dora/post/a", "bob/post/b"), ["applied", "applied"]);
  },
);

databaseTest(
  "a post at an event follows the event's scene when the batch changes that",
  async ({ sql }) => {
    const folded = new Folded({ sql });
    const events = new SampleEvents();
    await folded.batch(
      events.put("alice/scene/s1"),
      events.put("alice/event/e1", { sceneId: "s1" }),
    );
    const gone = await folded.batch(
      events.delete("alice/scene/s1"),
      events.put("bob/post/a", AT_EVENT),
    );
    assert.deepEqual(gone, ["applied", "waiting"]);
    const back = await folded.batch(
      events.put("alice/scene/s1"),
      events.put("bob/post/b", AT_EVENT),
    );
    assert.deepEqual(back, ["applied", "applied"]);
    assert.deepEqual(await folded.states("bob/post/a"), ["applied"]);
    const refused = await folded.batch(
      events.put("alice/scene/s1", { name: "" }),
      events.put("bob/post/c", AT_EVENT),
    );
    assert.deepEqual(refused, ["dead_letter", "waiting"]);
  },
);

databaseTest(
  "a post at an event follows the event's account when the batch changes that",
  async ({ sql }) => {
    const folded = new Folded({ sql }, { parts: PART_SIZES });
    const events = new SampleEvents();
    // This many are not loaded in advance.
    const many = Array.from(
      { length: REPOSITORIES_MOST },
      (_, i) => events.put(`alice/post/p${i}`, AT_SCENE),
    );
    await folded.batch(
      events.put("alice/scene/s1"),
      events.put("alice/event/e1", AT_SCENE),
      ...many,
      events.account("alice", false, "deactivated"),
    );
    await folded.batch(events.delete("alice/scene/s1"));
    const outcomes = await folded.batch(
      events.account("alice", true),
      events.put("bob/post/a", AT_EVENT),
    );
    assert.deepEqual(outcomes, ["applied", "waiting"]);
    assert.deepEqual(await folded.states("alice/event/e1"), ["waiting"]);
  },
);
