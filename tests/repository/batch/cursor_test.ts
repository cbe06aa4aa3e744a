import assert from "node:assert/strict";
import { readCursor } from "../../../lib/repository/batch/cursor.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents } from "../../support/sample_events.ts";

const SOURCE = "jetstream.example/subscribe";
const T0 = 1_787_218_200_000_000;

/** A position of the instance SOURCE. */
function at(
  cursor: number,
  timeUs = T0 + cursor,
): { cursor: number; timeUs: number; source: string } {
  return { cursor, timeUs, source: SOURCE };
}

databaseTest("S-01 SP-01 E-344 before the first batch there is no cursor", async (database) => {
  assert.equal(await readCursor(database.sql, "default"), null);
});

databaseTest(
  "S-02 SP-02 SP-03 SP-04 E-344 a cursor is stored, increases, and never decreases",
  async (database) => {
    const folded = new Folded(database);
    for (const [cursor, stored] of [[100, 100], [200, 200], [150, 200], [200, 200], [300, 300]]) {
      await folded.write([], at(cursor!));
      assert.deepEqual(await readCursor(database.sql, "default"), at(stored!));
    }
  },
);

databaseTest("SP-05 the stored cursor is the running maximum", async (database) => {
  const folded = new Folded(database);
  let most = 0;
  for (const cursor of [100, 300, 200, 400, 150, 500]) {
    await folded.write([], at(cursor));
    most = Math.max(most, cursor);
    assert.equal((await readCursor(database.sql, "default"))?.cursor, most);
  }
});

databaseTest("S-03 concurrent writers end at the maximum", async (database) => {
  const folded = new Folded(database);
  const cursors = Array.from({ length: 50 }, (_, index) => (index * 37) % 50 * 20 + 19);
  await Promise.all(cursors.map((cursor) => folded.write([], at(cursor))));
  assert.equal((await readCursor(database.sql, "default"))?.cursor, 999);
});

databaseTest("each consumer has a cursor of its own", async (database) => {
  await new Folded(database).write([], at(7));
  await new Folded(database, { consumer: "other" }).write([], at(3));
  assert.equal((await readCursor(database.sql, "default"))?.cursor, 7);
  assert.equal((await readCursor(database.sql, "other"))?.cursor, 3);
  assert.equal(await readCursor(database.sql, "third"), null);
});

databaseTest(
  "a cursor belongs to its instance: one of another instance is stored although it is lower",
  async (database) => {
    const folded = new Folded(database);
    await folded.write([], at(1000));
    const other = { cursor: 5, timeUs: T0 + 2000, source: "other.example/subscribe" };
    await folded.write([], other);
    assert.deepEqual(await readCursor(database.sql, "default"), other);
  },
);

databaseTest(
  "a lower cursor with a later time means a rebuilt instance",
  async (database) => {
    const folded = new Folded(database);
    await folded.write([], at(1000));
    await folded.write([], at(5, T0 + 2000));
    assert.deepEqual(await readCursor(database.sql, "default"), at(5, T0 + 2000));
  },
);

databaseTest("a batch without a position leaves the cursor unchanged", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.write([], at(8));
  await folded.batch(events.put("alice/scene/s1"));
  assert.deepEqual(await readCursor(database.sql, "default"), at(8));
});

databaseTest(
  "V-08 records and cursor commit together: a replayed batch and an overlapping one change nothing twice",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const [one, two, three] = ["1", "2", "3"].map((rkey) => events.put(`alice/scene/${rkey}`));
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    const first = await folded.write([one, two], at(2));
    const again = await folded.write([one, two], at(2));
    const overlap = await folded.write([two, three], at(3));
    assert.deepEqual([first.outcomes, again.outcomes, overlap.outcomes], [
      ["applied", "applied"],
      ["duplicate", "duplicate"],
      ["duplicate", "applied"],
    ]);
    assert.equal((await readCursor(database.sql, "default"))?.cursor, 3);
    const [row] = await database.sql<{ xmins: number }[]>`
      select count(*)::int as xmins from indexer_state as s
      join records as r on r.xmin = s.xmin where r.rkey = '3'`;
    assert.equal(row?.xmins, 1);
  },
);

databaseTest(
  "a batch whose commit succeeded although its answer was lost is not folded twice",
  async (database) => {
    const events = new SampleEvents();
    const failures: string[] = [];
    let lost = false;
    const folded = new Folded(database, {
      failures,
      step: (name) => {
        if (name !== "committed" || lost) return;
        lost = true;
        throw new Error("the answer is lost");
      },
    });
    const { outcomes } = await folded.write([events.put("alice/scene/s1")], at(4));
    // As the first time: a second fold would call it a duplicate.
    assert.deepEqual([outcomes, failures.length], [["applied"], 1]);
  },
);
