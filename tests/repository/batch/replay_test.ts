/**
 * A batch of duplicates only is taken for the beginning of a replay: of the next one, only the states are
 * read at first. New records in it have the same effect as in any other batch.
 */

import assert from "node:assert/strict";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents, uriOf } from "../../support/sample_events.ts";
import { noting, watched } from "../../support/watched_transactions.ts";

const AT_SCENE = { sceneId: uriOf("alice/scene/s1") };

databaseTest(
  "a replay of duplicates reads states and accounts, and nothing else",
  async ({ sql }) => {
    const statements: string[] = [];
    const folded = new Folded({ sql: watched(sql, noting(statements)) });
    const events = new SampleEvents();
    const stored = [
      events.put("alice/scene/s1"),
      events.put("bob/post/a", AT_SCENE),
      events.put("carol/post/b", { sceneId: "s1" }),
      events.put("alice/membership/m", { ...AT_SCENE, member: "did:plc:somebody" }),
    ];
    await folded.batch(...stored);
    await folded.batch(...stored);
    statements.length = 0;
    const outcomes = await folded.batch(...stored);
    assert.deepEqual(outcomes, ["duplicate", "duplicate", "duplicate", "duplicate"]);
    const tables = statements.map((text) => /from (records|accounts) as/.exec(text)?.[1] ?? text);
    assert.deepEqual(tables, ["records", "accounts"]);
  },
);

databaseTest(
  "new records among the duplicates of a replay find their parents and children",
  async ({ sql }) => {
    const folded = new Folded({ sql });
    const events = new SampleEvents();
    const older = events.put("dave/post/older", { ...AT_SCENE, text: "older" });
    const stored = [
      events.put("alice/scene/s1"),
      events.put("alice/scene/s2"),
      events.put("bob/post/a", { sceneId: uriOf("alice/scene/s2") }),
      events.put("carol/post/waits", { sceneId: uriOf("alice/scene/s3") }),
      events.put("dave/post/older", AT_SCENE),
    ];
    await folded.batch(...stored);
    await folded.batch(...stored);
    const outcomes = await folded.batch(
      ...stored,
      events.put("erin/post/by_uri", AT_SCENE),
      events.put("erin/post/by_name", { sceneId: "s1" }),
      events.delete("alice/scene/s2"),
      events.put("alice/scene/s3"),
      older,
    );
    assert.deepEqual(outcomes.slice(stored.length), [
      "applied",
      "applied",
      "applied",
      "applied",
      "stale",
    ]);
    assert.deepEqual(
      await folded.states(
        "erin/post/by_uri",
        "erin/post/by_name",
        "bob/post/a",
        "carol/post/waits",
        "dave/post/older",
      ),
      ["applied", "applied", "waiting", "applied", "applied"],
    );
  },
);

databaseTest(
  "a repository that is rebuilt during a replay brings its records again",
  async ({ sql }) => {
    const folded = new Folded({ sql }, { protocol: "v2" });
    const events = new SampleEvents();
    const scene = events.put("alice/scene/s1");
    const post = events.put("bob/post/a", { eventId: "nowhere" });
    await folded.batch(scene, post);
    await folded.batch(scene, post);
    const rebuilt = events.sync("bob");
    const changed = events.put("bob/post/a", AT_SCENE);
    const again = {
      ...changed,
      time_us: events.timeUs,
      commit: { ...changed.commit!, rev: post.commit!.rev },
    };
    assert.deepEqual(await folded.batch(rebuilt, again), ["applied", "applied"]);
    assert.deepEqual(await folded.live("bob/post/a"), [true]);
  },
);
