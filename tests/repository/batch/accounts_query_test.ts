/** Each statement of a batch costs Postgres and the indexer CPU, so what one query can read is read by one. */

import assert from "node:assert/strict";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents, uriOf } from "../../support/sample_events.ts";
import { noting, watched } from "../../support/watched_transactions.ts";

databaseTest(
  "one query reads the accounts of a batch, of its records and of those that they refer to",
  async ({ sql }) => {
    const statements: string[] = [];
    const folded = new Folded({ sql: watched(sql, noting(statements)) });
    const events = new SampleEvents();
    await folded.batch(events.put("alice/scene/s1"));
    statements.length = 0;
    await folded.batch(
      events.put("bob/post/a", { sceneId: uriOf("alice/scene/s1") }),
      events.put("carol/scene/s2"),
      events.identity("dave", "dave.example.com"),
      events.account("erin", false, "deactivated"),
    );
    const ofAccounts = statements.filter((text) => text.startsWith("select a.did, a.handle"));
    assert.equal(ofAccounts.length, 1);
    assert.deepEqual(await folded.live("bob/post/a", "carol/scene/s2"), [true, true]);
  },
);
