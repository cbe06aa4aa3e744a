/** The lease as rows of the database: who gets it, keeps it and loses it. */

import assert from "node:assert/strict";
import {
  claimLease,
  type Lease,
  LeaseLostError,
  releaseLease,
  renewLease,
} from "../../../lib/repository/partitions/lease.ts";
import { readCursor } from "../../../lib/repository/batch/cursor.ts";
import { Folded } from "../../support/folded.ts";
import { ALICE, Script } from "../../support/model/frames.ts";
import { DatabaseProxy } from "../../support/faults/database_proxy.ts";
import { databaseTest, type TestDatabase } from "../../support/database.ts";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { within } from "../../support/within.ts";

const LEASED = { consumer: "default", partition: 0 };
const LONG_MS = 3_600_000;

async function taken({ sql }: Pick<TestDatabase, "sql">, holder: string): Promise<Lease> {
  const claim = await claimLease(sql, LEASED, holder, LONG_MS);
  assert.equal(claim.kind, "taken");
  assert(claim.kind === "taken");
  return claim.lease;
}

/** Leases whose expiry the test controls. */
async function runOut({ sql }: Pick<TestDatabase, "sql">): Promise<void> {
  await sql`update indexer_state set lease_until = clock_timestamp() - interval '1 ms'`;
}

databaseTest("the first claim gets the lease, and no other while it lasts", async (db) => {
  const lease = await taken(db, "one");
  assert.deepEqual(lease, { ...LEASED, holder: "one", epoch: 1, ms: LONG_MS });
  assert.deepEqual(await claimLease(db.sql, LEASED, "two", LONG_MS), {
    kind: "held",
    holder: "one",
  });
});

databaseTest(
  "an expired lease is taken with the next epoch, and the old one is lost",
  async (db) => {
    const old = await taken(db, "one");
    await runOut(db);
    assert.equal((await taken(db, "two")).epoch, old.epoch + 1);
    assert.equal(await renewLease(db.sql, old), "lost");
    // Releasing a lease that another holds changes nothing.
    await releaseLease(db.sql, old);
    assert.equal((await claimLease(db.sql, LEASED, "three", LONG_MS)).kind, "held");
  },
);

databaseTest("an expired lease that nobody took can still be renewed", async (db) => {
  const lease = await taken(db, "one");
  await runOut(db);
  assert.equal(await renewLease(db.sql, lease), "renewed");
  assert.equal((await claimLease(db.sql, LEASED, "two", LONG_MS)).kind, "held");
});

databaseTest("a released lease is free at once", async (db) => {
  await releaseLease(db.sql, await taken(db, "one"));
  assert.equal((await taken(db, "two")).epoch, 2);
});

databaseTest(
  "a lease with an expiry beyond its duration is free: another server's clock set it",
  async (db) => {
    await taken(db, "one");
    await db.sql`update indexer_state
    set lease_until = clock_timestamp() + (lease_ms + 1000) * interval '1 ms'`;
    await taken(db, "two");
  },
);

databaseTest("consumers have leases of their own", async (db) => {
  await taken(db, "one");
  const other = { consumer: "other", partition: 0 };
  assert.equal((await claimLease(db.sql, other, "two", LONG_MS)).kind, "taken");
});

databaseTest("of many concurrent claims one gets the lease", async (db) => {
  const names = Array.from({ length: 8 }, (_, index) => `i${index}`);
  const claims = await Promise.all(names.map((name) => claimLease(db.sql, LEASED, name, LONG_MS)));
  assert.equal(claims.filter(({ kind }) => kind === "taken").length, 1);
}, { kinds: ["server"] });

databaseTest(
  "a batch that outlasts its lease keeps it, as long as the database works for it",
  async (db) => {
    const lease = await taken(db, "one");
    await db.sql.begin(async (tx) => {
      await tx`select from indexer_state for update`;
      await db.sql`select 1`;
      assert.equal(await renewLease(db.sql, lease), "busy");
      await tx`update indexer_state set lease_until = clock_timestamp() - interval '1 ms'`;
      assert.equal((await claimLease(db.sql, LEASED, "two", LONG_MS)).kind, "held");
    });
  },
  { kinds: ["server"] },
);

databaseTest(
  "the session of a holder that stopped within its transaction is ended once its lease has expired",
  async (db) => {
    const stalled = connect(db.url, { max: 1, applicationName: "stalled" });
    try {
      await taken(db, "one");
      await db.sql`update indexer_state set lease_ms = 1,
        lease_until = clock_timestamp() - interval '1 ms'`;
      const locked = Promise.withResolvers<void>();
      const never = Promise.withResolvers<void>();
      const ended = stalled.begin(async (tx) => {
        await tx`select from indexer_state for update`;
        locked.resolve();
        await never.promise;
        await tx`select 1`;
      });
      ended.catch(() => {});
      await within(locked.promise, "the lock of the row");
      // The first claim finds the row locked and ends that session; another one gets the lease.
      let claims = 0;
      while ((await claimLease(db.sql, LEASED, "two", LONG_MS)).kind === "held") {
        assert.ok(++claims < 1000, "the session was never ended");
      }
      assert.ok(claims > 0);
      never.resolve();
      await assert.rejects(ended);
    } finally {
      await terminate(stalled);
    }
  },
  { kinds: ["server"] },
);

databaseTest(
  "a batch with an old lease writes nothing, and one with the current lease renews it",
  async (db) => {
    const old = await taken(db, "one");
    await runOut(db);
    const present = await taken(db, "two");
    const folded = new Folded(db);
    const scene = new Script().commit(ALICE, "scene", "s1", { name: "Basement" });
    const cursor = { cursor: 1, timeUs: 1_000_000, source: "test" };
    await assert.rejects(folded.write([scene], cursor, old), LeaseLostError);
    assert.equal(await folded.count("records"), 0);

    await runOut(db);
    await folded.write([scene], cursor, present);
    assert.equal(await folded.count("records"), 1);
    assert.equal((await claimLease(db.sql, LEASED, "three", LONG_MS)).kind, "held");
  },
);

databaseTest("the same process with another lease is another writer too", async (db) => {
  const old = await taken(db, "one");
  const present = await taken(db, "one");
  assert.equal(present.epoch, old.epoch + 1);
  assert.equal(await renewLease(db.sql, old), "lost");
  await assert.rejects(new Folded(db).write([], null, old), LeaseLostError);
  await releaseLease(db.sql, old);
  assert.equal((await claimLease(db.sql, LEASED, "two", LONG_MS)).kind, "held");
});

databaseTest(
  "a batch writes nothing when the database lost the one before it, and the next lease resumes there",
  async (db) => {
    const lease = await taken(db, "one");
    const folded = new Folded(db);
    const script = new Script();
    const write = (rkey: string, cursor: number): Promise<unknown> => {
      const scene = script.commit(ALICE, "scene", rkey, { name: "Basement" });
      return folded.write([scene], { cursor, timeUs: cursor * 1_000_000, source: "test" }, lease);
    };
    await write("s1", 1);
    await db.sql`create table kept as table indexer_state`;
    await write("s2", 2);
    // As on a server that lags behind by one batch.
    await db.sql`delete from records where rkey = 's2'`;
    await db
      .sql`update indexer_state as s set cursor = k.cursor, cursor_time = k.cursor_time, batch = k.batch
      from kept as k where k.consumer = s.consumer`;
    await assert.rejects(write("s3", 3), /the database lost committed batches/);
    assert.equal(await folded.count("records"), 1);
    await releaseLease(db.sql, lease);
    await taken(db, "one");
    assert.equal((await readCursor(db.sql, "default"))?.cursor, 1);
  },
);

databaseTest("a batch that was given up without an answer does not end the lease", async (db) => {
  const lease = await taken(db, "one");
  const scene = new Script().commit(ALICE, "scene", "s1", { name: "Basement" });
  await using proxy = DatabaseProxy.start(db.url);
  const sql = connect(proxy.url, { max: 1, applicationName: "tests" });
  try {
    const folded = new Folded({ sql });
    await folded.write([], null, lease);
    proxy.loseCommit();
    await assert.rejects(folded.write([scene], null, lease), /can't be used/);
    assert.deepEqual((await folded.write([scene], null, lease)).outcomes, ["duplicate"]);
  } finally {
    terminate(sql);
  }
}, { kinds: ["server"] });
