import assert from "node:assert/strict";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents, uriOf } from "../../support/sample_events.ts";

const SCENE = "alice/scene/s1";
const EVENT = "alice/event/e1";
const POST = "bob/post/p1";

databaseTest(
  "a child waits for its parent, at any depth, and is applied with it",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const post = events.put(POST, { sceneId: undefined, eventId: uriOf(EVENT) });
    const event = events.put(EVENT, { sceneId: "s1" });
    assert.deepEqual(await folded.each(post, event), ["waiting", "waiting"]);
    const waiting = await folded.ledger(POST);
    assert.deepEqual([waiting?.state, waiting?.reason, waiting?.waiting_for], [
      "waiting",
      "parent_missing",
      uriOf(EVENT),
    ]);
    // A bare rkey that the repository has never had may mean anybody's.
    assert.equal((await folded.ledger(EVENT))?.waiting_for, "app.subcult.scene/s1");
    assert.deepEqual(await folded.batch(events.put(SCENE)), ["applied"]);
    assert.deepEqual(await folded.live(SCENE, EVENT, POST), [true, true, true]);
    assert.deepEqual((await folded.row(POST))["event_id"], (await folded.row(EVENT))["id"]);
    assert.deepEqual((await folded.row(EVENT))["scene_id"], (await folded.row(SCENE))["id"]);
  },
);

databaseTest(
  "a strong reference means the record of its URI, whatever its CID, and is stored as published",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const strong = (record: string): object => ({
      $type: "com.atproto.repo.strongRef",
      uri: uriOf(record),
      cid: "bafyreihdwdcefgh4dqkjv67uzcmw",
    });
    const children = [
      events.put(EVENT, { sceneId: strong(SCENE) }),
      events.put(POST, { sceneId: strong(SCENE), eventId: strong(EVENT) }),
      events.put("alice/alliance/a", {
        fromSceneId: strong(SCENE),
        toSceneId: strong("bob/scene/s2"),
      }),
      events.put("bob/membership/m", { sceneId: strong(SCENE) }),
      events.put("alice/stream/t", { sceneId: undefined, eventId: strong(EVENT) }),
    ];
    assert.deepEqual(await folded.each(...children), children.map(() => "waiting"));
    await folded.batch(events.put("bob/scene/s2"), events.put(SCENE));
    const all = [EVENT, POST, "alice/alliance/a", "bob/membership/m", "alice/stream/t"] as const;
    assert.deepEqual(await folded.live(...all), all.map(() => true));
    assert.equal((await folded.row(POST))["scene_id"], (await folded.row(SCENE))["id"]);
    assert.equal((await folded.row(POST))["event_id"], (await folded.row(EVENT))["id"]);
    await folded.batch(events.delete(SCENE));
    assert.deepEqual(await folded.live(...all), all.map(() => false));
    assert.equal((await folded.ledger(POST))?.waiting_for, uriOf(SCENE));
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await folded.live(...all), all.map(() => true));
    const { record } = await folded.ledger(EVENT) ?? {};
    assert.deepEqual(Object(record).sceneId, strong(SCENE));
  },
);

databaseTest(
  "a child before its parent in one batch waits first, and is applied at the end",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const [event, scene] = [events.put(EVENT), events.put("alice/scene/scene1")];
    assert.deepEqual(await folded.batch(event, scene), ["waiting", "applied"]);
    assert.deepEqual(await folded.live(EVENT), [true]);
  },
);

databaseTest(
  "deleting a parent hides its children at any depth, and restoring it shows them",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(
      events.put(SCENE),
      events.put(EVENT, { sceneId: "s1" }),
      events.put(POST, { sceneId: undefined, eventId: uriOf(EVENT) }),
    );
    const { id } = await folded.row(POST);
    await folded.batch(events.delete(SCENE));
    assert.deepEqual(await folded.live(SCENE, EVENT, POST), [false, false, false]);
    assert.deepEqual(await folded.states(SCENE, EVENT, POST), ["deleted", "waiting", "waiting"]);
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await folded.live(SCENE, EVENT, POST), [true, true, true]);
    assert.equal((await folded.row(POST))["id"], id);
  },
);

databaseTest(
  "a parent deleted and restored between two parts of a batch keeps its grandchildren, and one created and deleted has none",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const refersTo = { sceneId: undefined, eventId: uriOf(EVENT) };
    await folded.batch(events.put(SCENE), events.put(EVENT, { sceneId: "s1" }));
    // The parts are the first, and then two at a time: the post is judged while there is no scene.
    await folded.batch(
      events.put("carol/scene/other"),
      events.delete(SCENE),
      events.put(POST, refersTo),
      events.put(SCENE),
    );
    assert.deepEqual(await folded.live(SCENE, EVENT, POST), [true, true, true]);
    await folded.batch(events.delete(SCENE), events.delete(POST));
    await folded.batch(
      events.put("carol/scene/other"),
      events.put(SCENE),
      events.put(POST, refersTo),
      events.delete(SCENE),
    );
    assert.deepEqual(await folded.states(SCENE, EVENT, POST), ["deleted", "waiting", "waiting"]);
    assert.deepEqual(await folded.live(EVENT, POST), [false, false]);
  },
);

databaseTest("a parent whose new revision is rejected hides its children", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.batch(events.put(SCENE), events.put(EVENT, { sceneId: "s1" }));
  await folded.batch(events.put(SCENE, { visibility: "whatever" }));
  assert.deepEqual(await folded.states(SCENE, EVENT), ["rejected", "waiting"]);
  await folded.batch(events.put(SCENE));
  assert.deepEqual(await folded.states(SCENE, EVENT), ["applied", "applied"]);
});

databaseTest(
  "E-436 a post needs a scene or an event, and all that it names must exist",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE), events.put(EVENT, { sceneId: "s1" }));
    const [scene, event] = [uriOf(SCENE), uriOf(EVENT)];
    const outcomes = await folded.batch(
      events.put("bob/post/scene", { sceneId: scene }),
      events.put("bob/post/event", { sceneId: undefined, eventId: event }),
      events.put("bob/post/both", { sceneId: scene, eventId: event }),
      events.put("bob/post/neither", { sceneId: undefined }),
      events.put("bob/post/half", { sceneId: scene, eventId: uriOf("alice/event/none") }),
    );
    assert.deepEqual(outcomes, ["applied", "applied", "applied", "dead_letter", "waiting"]);
    const { scene_id, event_id } = await folded.row("bob/post/both");
    assert.deepEqual([scene_id, event_id], [
      (await folded.row(SCENE))["id"],
      (await folded.row(EVENT))["id"],
    ]);
    assert.equal(await folded.rowOrNull("bob/post/half"), null);
  },
);

databaseTest(
  "a bare rkey means the author's own record first, also when that is deleted",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put("alice/scene/s"), events.put("bob/scene/s"));
    await folded.batch(events.put(POST, { sceneId: "s" }));
    assert.equal((await folded.row(POST))["scene_id"], (await folded.row("bob/scene/s"))["id"]);
    await folded.batch(events.delete("bob/scene/s"));
    const waiting = await folded.ledger(POST);
    assert.deepEqual([waiting?.state, waiting?.waiting_for], ["waiting", uriOf("bob/scene/s")]);
  },
);

databaseTest(
  "a bare rkey of another repository means the only live record with that rkey",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put("alice/scene/s"), events.put(POST, { sceneId: "s" }));
    assert.deepEqual(await folded.live(POST), [true]);

    // A second one makes it ambiguous, and the deletion of either makes it clear again.
    await folded.batch(events.put("carol/scene/s"));
    const ambiguous = await folded.ledger(POST);
    assert.deepEqual([ambiguous?.state, ambiguous?.reason, ambiguous?.waiting_for], [
      "waiting",
      "ambiguous_reference",
      "app.subcult.scene/s",
    ]);
    assert.deepEqual(await folded.live(POST), [false]);
    await folded.batch(events.delete("alice/scene/s"));
    assert.deepEqual(await folded.live(POST), [true]);
    assert.equal((await folded.row(POST))["scene_id"], (await folded.row("carol/scene/s"))["id"]);

    // From now on it is the author's own, whatever others have.
    await folded.batch(events.put("bob/scene/s"));
    assert.equal((await folded.row(POST))["scene_id"], (await folded.row("bob/scene/s"))["id"]);
  },
);

databaseTest(
  "event, alliance and stream need a scene of their author, and are rejected with the reason",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE), events.put("bob/scene/own"));
    const [alices, own] = [uriOf(SCENE), uriOf("bob/scene/own")];
    const outcomes = await folded.batch(
      events.put("bob/event/1", { sceneId: alices }),
      events.put("bob/alliance/1", { fromSceneId: alices, toSceneId: own }),
      events.put("bob/stream/1", { sceneId: alices }),
      // By its bare rkey it resolves to the same record.
      events.put("bob/event/2", { sceneId: "s1" }),
      events.put("bob/alliance/2", { fromSceneId: own, toSceneId: alices }),
      events.put("bob/post/1", { sceneId: alices }),
    );
    assert.deepEqual(outcomes, [
      "dead_letter",
      "dead_letter",
      "dead_letter",
      "dead_letter",
      "applied",
      "applied",
    ]);
    assert.deepEqual(await folded.openDeadLetterIds(), Array(4).fill("not_scene_owner"));
  },
);

databaseTest(
  "an alliance of a scene with itself is rejected, in any form of reference",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    const outcomes = await folded.batch(
      events.put("alice/alliance/1", { fromSceneId: "s1", toSceneId: "s1" }),
      events.put("alice/alliance/2", { fromSceneId: "s1", toSceneId: uriOf(SCENE) }),
    );
    assert.deepEqual(outcomes, ["dead_letter", "dead_letter"]);
    assert.deepEqual(await folded.openDeadLetterIds(), ["self_alliance", "self_alliance"]);
  },
);

databaseTest("P-14 an event may move to another scene of its author", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.batch(
    events.put(SCENE),
    events.put("alice/scene/s2"),
    events.put(EVENT, { sceneId: "s1" }),
  );
  const { id } = await folded.row(EVENT);
  await folded.batch(events.put(EVENT, { sceneId: "s2" }));
  const moved = await folded.row(EVENT);
  assert.deepEqual([moved["id"], moved["scene_id"]], [
    id,
    (await folded.row("alice/scene/s2"))["id"],
  ]);
});

databaseTest(
  "when the record of a bare rkey is deleted and another with that rkey arrives, it means the other",
  async (database) => {
    for (const way of ["batch", "each"] as const) {
      await database.sql`truncate records, scenes cascade`;
      const events = new SampleEvents();
      const folded = new Folded(database);
      await folded.batch(events.put(SCENE), events.put(POST, { sceneId: "s1" }));
      await folded[way](events.delete(SCENE), events.put("carol/scene/s1"));
      const { id } = await folded.row("carol/scene/s1");
      assert.deepEqual([(await folded.row(POST))["scene_id"], await folded.live(POST)], [id, [
        true,
      ]]);
    }
  },
);

databaseTest(
  "a bare rkey means the author's own record as soon as that arrives, also in the same batch",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    await folded.batch(events.put(POST, { sceneId: "s1" }), events.put("bob/scene/s1"));
    assert.deepEqual(
      (await folded.row(POST))["scene_id"],
      (await folded.row("bob/scene/s1"))["id"],
    );
    // From now on it can't mean another repository's record.
    await folded.batch(events.delete("bob/scene/s1"));
    assert.equal((await folded.ledger(POST))?.waiting_for, uriOf("bob/scene/s1"));
  },
);

databaseTest(
  "a waiting record has the current reason, also when that changes and its reference does not",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const why = async (): Promise<string | null | undefined> => (await folded.ledger(POST))?.reason;
    await folded.batch(events.put(POST, { sceneId: "s1" }));
    assert.equal(await why(), "parent_missing");
    await folded.batch(events.put(SCENE), events.put("carol/scene/s1"));
    assert.equal(await why(), "ambiguous_reference");
    await folded.batch(events.delete(SCENE), events.delete("carol/scene/s1"));
    assert.equal(await why(), "parent_missing");
  },
);

databaseTest(
  "a bare rkey stays ambiguous as long as two repositories have it, whichever one is deleted",
  async (database) => {
    for (const gone of ["alice", "carol", "dave"]) {
      await database.sql`truncate records, scenes cascade`;
      const events = new SampleEvents();
      const folded = new Folded(database);
      await folded.batch(
        ...["alice", "carol", "dave"].map((name) => events.put(`${name}/scene/s1`)),
      );
      const outcomes = await folded.batch(
        events.delete(`${gone}/scene/s1`),
        events.put(POST, { sceneId: "s1" }),
      );
      assert.deepEqual(outcomes, ["applied", "waiting"]);
      assert.equal((await folded.ledger(POST))?.reason, "ambiguous_reference");
    }
  },
);

databaseTest(
  "a bare rkey means what the earlier events of its batch have restored",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(
      events.put(SCENE),
      events.put(EVENT, { sceneId: "s1" }),
      events.delete(SCENE),
    );
    const outcomes = await folded.batch(
      events.put(SCENE),
      events.put(POST, { sceneId: undefined, eventId: "e1" }),
    );
    assert.deepEqual(outcomes, ["applied", "applied"]);
  },
);

databaseTest(
  "thousands of children that wait for one scene are applied with it, in one transaction",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const children = Array.from({ length: 2_500 }, (_, index) => {
      const record = `bob/post/${index}`;
      return events.put(record, { sceneId: uriOf(SCENE) });
    });
    for (let from = 0; from < children.length; from += 1000) {
      await folded.batch(...children.slice(from, from + 1000));
    }
    assert.deepEqual(await folded.batch(events.put(SCENE)), ["applied"]);
    const [row] = await database.sql<{ live: number; waiting: number; transactions: number }[]>`
    select (select count(*)::int from posts where deleted_at is null) as live,
      (select count(*)::int from records where state = 'waiting') as waiting,
      (select count(distinct xmin::text)::int from posts) as transactions`;
    assert.deepEqual({ ...row }, { live: children.length, waiting: 0, transactions: 1 });
    await folded.batch(events.delete(SCENE));
    const [hidden] = await database.sql<{ live: number }[]>`
    select count(*)::int as live from posts where deleted_at is null`;
    assert.equal(hidden?.live, 0);
  },
);
