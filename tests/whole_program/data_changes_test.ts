/** Following changes, with the statements of DATA.md. */

import assert from "node:assert/strict";
import pg from "pg";
import { databaseTest } from "../support/database.ts";
import { sectionOf } from "../support/document_section.ts";
import { Folded } from "../support/folded.ts";
import { repository } from "../support/repository_files.ts";
import { SampleEvents } from "../support/sample_events.ts";

const data = await repository("DATA.md");
const [, statements = ""] = /```sql\n([^]*?)```/.exec(sectionOf(data, "Following changes")) ?? [];

databaseTest(
  "a listening session is notified once per transaction of each written table, also for changes by hand",
  async (database) => {
    await database.sql.command(statements);
    const listener = new pg.Client(database.url);
    const heard: string[] = [];
    listener.on(
      "notification",
      ({ channel, payload }: { channel: string; payload: string }) =>
        heard.push(`${channel} ${payload}`),
    );
    await listener.connect();
    // An answer comes behind all notifications that were committed before it was asked for.
    const told = async (): Promise<string[]> => {
      await listener.query("select 1");
      return heard.splice(0).toSorted();
    };
    try {
      await listener.query("listen subcults_changes");
      const folded = new Folded(database);
      const events = new SampleEvents();
      await folded.batch(events.put("alice/scene/s1"), events.put("alice/scene/s2"));
      assert.deepEqual(await told(), ["subcults_changes scenes"]);

      await folded.batch(
        events.put("alice/event/e1", { sceneId: "s1" }),
        events.put("alice/scene/s3"),
      );
      assert.deepEqual(await told(), ["subcults_changes events", "subcults_changes scenes"]);

      await database.sql`update scenes set deleted_at = now() where record_rkey = 's2'`;
      assert.deepEqual(await told(), ["subcults_changes scenes"]);

      await database.sql.command("drop function tell_changes cascade");
      await folded.batch(events.put("alice/scene/s4"));
      assert.deepEqual(await told(), []);
    } finally {
      await listener.end();
    }
  },
  { kinds: ["server"] },
);
