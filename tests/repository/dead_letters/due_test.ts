/** Dead letters that are due for an automatic retry. */

import assert from "node:assert/strict";
import { openDeadLetterIds } from "../../../lib/repository/dead_letters/dead_letters.ts";
import {
  retryBatch,
  takeDueDeadLetters,
} from "../../../lib/repository/dead_letters/retry_batch.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents } from "../../support/sample_events.ts";

databaseTest(
  "due dead letters are taken in order, and postponed by growing waits of at most a day",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(...[0, 3, 30].map((n) => events.put(`alice/scene/${n}`, { name: "" })));
    await sql`update dead_letters set attempts = rkey::int,
      next_attempt_at = now() - rkey::int * interval '1 second'`;
    const minutes = async (): Promise<readonly number[]> => {
      const rows = await sql<{ minutes: number }[]>`
        select round(extract(epoch from next_attempt_at - now()) / 60)::int as minutes
        from dead_letters order by attempts`;
      return rows.map(({ minutes }) => minutes);
    };
    assert.equal((await takeDueDeadLetters(sql, 1)).length, 1);
    assert.deepEqual((await minutes()).slice(2), [1440]);
    assert.equal((await takeDueDeadLetters(sql, 10)).length, 2);
    assert.deepEqual(await minutes(), [2, 16, 1440]);
  },
);

databaseTest(
  "a dead letter that another instance is taking is skipped, without waiting",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put("alice/scene/s1", { name: "" }));
    await sql`update dead_letters set next_attempt_at = now()`;
    await sql.begin(async (other) => {
      assert.equal((await takeDueDeadLetters(other, 10)).length, 1);
      await sql.begin(async (tx) => {
        // A writer that waits nevertheless fails here.
        await tx`set local lock_timeout = '5s'`;
        assert.deepEqual(await takeDueDeadLetters(tx, 10), []);
      });
    });
  },
  // Embedded, there is one session, and no other instance.
  { kinds: ["server"] },
);

databaseTest(
  "a dead letter without automatic retries gets none, however often it is retried",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put("alice/scene/s1", { name: "" }));
    for (let retries = 1; retries <= 3; retries++) {
      const batch = await retryBatch(sql, await openDeadLetterIds(sql, {}, 10));
      const { outcomes } = await folded.writer.write(batch, new AbortController().signal);
      assert.deepEqual(outcomes, ["dead_letter"]);
      const rows = await sql<{ attempts: number; next: Date | null }[]>`
        select attempts, next_attempt_at as next from dead_letters`;
      assert.deepEqual(rows.map(({ attempts, next }) => [attempts, next]), [[retries, null]]);
    }
  },
);
