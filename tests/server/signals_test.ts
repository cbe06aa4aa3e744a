/**
 * What the program reports during real problems, and during states that only look like problems: a
 * lock in the database, a full disk, a replay of the archive, a dead server.
 */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import type { Status } from "../../lib/server/status/status.ts";
import { Program } from "../support/crash/in_process.ts";
import { refuseRows } from "../support/crash/refusing.ts";
import { databaseTest } from "../support/database.ts";
import { FAULTS } from "../support/jetstream/archive_server.ts";
import { archiveTest } from "../support/jetstream/history.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { SampleEvents } from "../support/sample_events.ts";
import { until, within } from "../support/within.ts";
import { lastingPort } from "../support/lasting_port.ts";

/** Long enough for a machine under load. */
const SOON_MS = 45_000;

interface Ready {
  readonly status: number;
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
}

async function statusOf(program: Program): Promise<Status> {
  return await (await program.fetch("/api/status")).json();
}

async function readyOf(program: Program): Promise<Ready> {
  const response = await program.fetch("/ready");
  const { reasons = [] } = await response.json();
  return { status: response.status, reasons };
}

function codes({ reasons }: Pick<Ready, "reasons">): string[] {
  return reasons.map(({ code }) => code);
}

/** Requests the status until a condition holds, and returns it. */
async function statusWhen(program: Program, holds: (status: Status) => boolean): Promise<Status> {
  await program.until(() => program.said("listening") > 0);
  let status = await statusOf(program);
  await until(async () => holds(status = await statusOf(program)), `${holds}`, {
    limitMs: SOON_MS,
    state: () => JSON.stringify({ ...status, history: null, stored: null }),
  });
  return status;
}

/** An event of the current time, so that there is no lag. */
function nowEvents(): SampleEvents {
  return new SampleEvents(Date.now() * 1000 - 5_000_000);
}

/** A session that holds what it has locked until it is disposed of. */
async function holding(url: string, statement: string): Promise<AsyncDisposable> {
  const sql = connect(url, { max: 1, applicationName: "nightly job" });
  await sql`select 1`;
  const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const held = sql.begin(async (tx) => {
    await tx.unsafe(statement);
    locked.resolve();
    await released.promise;
  });
  held.catch(locked.reject);
  await within(locked.promise, "the lock");
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      released.resolve();
      await held;
      await terminate(sql);
    },
  };
}

const LOCKS: readonly (readonly [string, string, RegExp])[] = [
  ["a table", "lock table scenes in access exclusive mode", /^the table scenes$/],
  [
    "a table that is counted too",
    "lock table records in access exclusive mode",
    /^the table records$/,
  ],
  ["a row", "update indexer_state set holder = 'x'", /^a row of indexer_state$/],
  ["the writers' lock", "select pg_advisory_xact_lock(1785033843)", /^the lock that one writer/],
];

for (const [name, statement, what] of LOCKS) {
  databaseTest(`a lock on ${name}: up, blocked, by whom and since when`, async ({ url, sql }) => {
    const events = nowEvents();
    await using server = new ReplayServer();
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.committed(server.push(events.put("alice/scene/s1")));
    let last = 0;
    {
      await using _ = await holding(url, statement);
      last = server.push(events.put("alice/scene/s2"));
      const { database } = await statusWhen(program, ({ database }) => database.blocked !== null);
      assert.equal(database.up, true);
      assert.match(database.blocked?.what ?? "", what);
      const [holder] = database.blocked?.holders ?? [];
      assert.deepEqual([holder?.application, holder?.state, holder?.waits], [
        "nightly job",
        "idle in transaction",
        false,
      ]);
      assert.ok(Date.parse(database.blocked?.since ?? "") <= Date.now());
      const ready = await readyOf(program);
      assert.equal(ready.status, 503);
      assert.deepEqual(codes(ready), ["database_blocked"]);
      // The holder is not shown publicly.
      assert.doesNotMatch(JSON.stringify(ready.reasons), /nightly/);
      assert.equal(await program.metric("indexer_database_up"), 1);
      assert.equal(await program.metric("indexer_database_blocked"), 1);
      assert.equal(program.said("waiting for a lock in the database"), 1);
    }
    await program.committed(last);
    await statusWhen(program, ({ database, ready }) => database.blocked === null && ready.ok);
    assert.equal(await program.metric("indexer_database_blocked"), 0);
    assert.equal((await sql`select 1 from scenes`).length, 2);
  }, { kinds: ["server"] });
}

databaseTest("a lock is noticed on a quiet stream too", async ({ url }) => {
  await using server = new ReplayServer();
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  await program.committed(server.push(nowEvents().put("alice/scene/s1")));
  await using _ = await holding(url, "lock table dead_letters in access exclusive mode");
  const { database, ready } = await statusWhen(
    program,
    (status) => status.database.blocked !== null,
  );
  assert.deepEqual([database.up, database.blocked?.what, codes(ready)], [
    true,
    "the table dead_letters",
    ["database_blocked"],
  ]);
}, { kinds: ["server"] });

databaseTest(
  "sessions that wait for the lock before us are reported, the holder first",
  async ({ url, sql }) => {
    const events = nowEvents();
    await using server = new ReplayServer();
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.committed(server.push(events.put("alice/scene/s1")));
    const reader = await holding(url, "select 1 from scenes");
    const altering = connect(url, { max: 1, applicationName: "a migration by hand" });
    const altered = altering`alter table scenes add column by_hand integer`.then();
    altered.catch(() => {}); // If the test has failed already, this failure must not be reported too.
    try {
      await until(async () => await waitingFor(sql, "scenes") > 0, "the lock is waited for");
      const last = server.push(events.put("alice/scene/s2"));
      const { database } = await statusWhen(program, ({ database }) => database.blocked !== null);
      assert.deepEqual(
        database.blocked?.holders.map(({ application, waits }) => [application, waits]),
        [["nightly job", false], ["a migration by hand", true]],
      );
      await reader[Symbol.asyncDispose]();
      await altered;
      await program.committed(last);
    } finally {
      await terminate(altering);
    }
  },
  { kinds: ["server"] },
);

async function waitingFor(sql: Sql, table: string): Promise<number> {
  const rows =
    await sql`select 1 from pg_locks where not granted and relation = ${table}::regclass`;
  return rows.length;
}

/** A role that owns nothing and may see nothing of what others do. */
async function plainRole(
  sql: Sql,
  url: string,
): Promise<{ url: string; drop: () => Promise<void> }> {
  const role = `plain_${crypto.randomUUID().slice(0, 8)}`;
  await sql.unsafe(`create role ${role} login password 'plain';
    grant all on all tables in schema public to ${role};
    grant all on all sequences in schema public to ${role}`);
  const as = new URL(url);
  as.username = role;
  as.password = "plain";
  const drop = async (): Promise<void> => {
    await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  };
  return { url: as.href, drop };
}

databaseTest(
  "the holder of the lock is reported to a role without rights, too",
  async ({ url, sql }) => {
    const plain = await plainRole(sql, url);
    try {
      const events = nowEvents();
      await using server = new ReplayServer();
      await using program = new Program({ databaseUrl: plain.url, streamUrl: server.url });
      await program.committed(server.push(events.put("alice/scene/s1")));
      await using _ = await holding(url, "lock table scenes in access exclusive mode");
      server.push(events.put("alice/scene/s2"));
      const { database } = await statusWhen(program, ({ database }) => database.blocked !== null);
      const [holder] = database.blocked?.holders ?? [];
      assert.deepEqual([holder?.user, holder?.application, holder?.state], [
        new URL(url).username,
        "nightly job",
        null,
      ]);
      assert.ok((holder?.pid ?? 0) > 0);
    } finally {
      await plain.drop();
    }
  },
  { kinds: ["server"] },
);

databaseTest(
  "a full disk: up, rejecting writes, with the code, until the next commit",
  async ({ url, sql }) => {
    const events = nowEvents();
    await using server = new ReplayServer();
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.committed(server.push(events.put("alice/scene/s1")));
    const mend = await refuseRows(sql, { table: "scenes", when: "true", sqlState: "53100" });
    const last = server.push(events.put("alice/scene/s2"));
    const { database, ready } = await statusWhen(
      program,
      (status) => status.database.refusal !== null,
    );
    assert.deepEqual([database.up, database.refusal?.code], [true, "53100"]);
    assert.deepEqual(codes(ready), ["database_refusing"]);
    assert.match(ready.reasons[0]?.message ?? "", /SQLSTATE 53100/);
    assert.equal(await program.metric("indexer_database_up"), 1);
    await mend();
    await program.committed(last);
    assert.equal((await readyOf(program)).status, 200);
  },
);

databaseTest("a dead server: its address, the error, and when it is retried", async ({ url }) => {
  const port = lastingPort();
  await using program = new Program({
    databaseUrl: url,
    streamUrl: `ws://127.0.0.1:${port}/subscribe`,
  });
  const { connection, ready } = await statusWhen(
    program,
    ({ connection }) => connection.lastFailure !== null,
  );
  assert.equal(connection.lastFailure?.source, `127.0.0.1:${port}/subscribe`);
  assert.match(connection.lastFailure?.why ?? "", /refused/i);
  assert.ok(Date.parse(connection.lastFailure?.nextAttemptAt ?? "") > 0);
  assert.ok(codes(ready).includes("not_connected"));
});

archiveTest(
  "a replay is a state of its own with progress and rate, neither disconnected nor behind",
  { startFrom: "archive", wholeFrom: 2 },
  async ({ history, options, last }) => {
    const held = Promise.withResolvers<void>();
    history.fail("getBlock", (answer) => ({ ...answer, heldUntil: held.promise }), Infinity, 2);
    await using program = new Program({ ...options });
    try {
      await program.until(() => program.cursor > 0);
      const status = await statusWhen(program, ({ replay }) => (replay?.progress ?? null) !== null);
      assert.deepEqual(codes(status.ready), ["replaying"]);
      assert.match(
        status.ready.reasons[0]?.message ?? "",
        /^replaying the archive: \d+ %(, about \d+ s left)?$/,
      );
      assert.equal(status.replay?.progress?.total, history.tip);
      assert.match(status.replay?.source ?? "", /^127\.0\.0\.1:/);
      const ready = await readyOf(program);
      assert.deepEqual([ready.status, codes(ready)], [503, ["replaying"]]);
      assert.equal(await program.metric("indexer_replaying"), 1);
      const { seen } = status.history.buckets.at(-1) ?? {};
      assert.deepEqual([seen?.connected, seen?.replaying], [true, true]);
    } finally {
      history.mend();
      held.resolve();
    }
    await program.committed(last);
    const { replay } = await statusWhen(program, ({ connection }) => connection.connected);
    assert.equal(replay, null);
  },
);

archiveTest(
  "failures of the archive are shown during a replay",
  { startFrom: "archive", wholeFrom: 2 },
  async ({ history, options }) => {
    history.fail("getBlock", FAULTS.refuses(503), Infinity, 2);
    await using program = new Program({ ...options, random: () => 0.01 });
    const { replay, ready } = await statusWhen(
      program,
      ({ replay }) => (replay?.failuresInARow ?? 0) > 1,
    );
    assert.match(replay?.failure ?? "", /503/);
    assert.match(ready.reasons[0]?.message ?? "", /requests that failed in a row: \d/);
    history.mend();
  },
);

databaseTest("recent records have their current state, not the one at arrival", async ({ url }) => {
  const events = nowEvents();
  await using server = new ReplayServer();
  const last = server.push(
    events.put("alice/app.subcult.unheard/u1", { $type: "app.subcult.unheard" }),
    events.put("bob/scene/s0"),
    events.account("bob", false, "deactivated"),
    events.put("alice/post/p1", { sceneId: "s1" }),
    events.put("alice/scene/s2", { name: "" }),
  );
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  await program.committed(last);
  const states = ({ stored }: Status): unknown =>
    stored?.recent.map(({ rkey, state, reason }) => [rkey, state, reason]);
  assert.deepEqual(states(await statusOf(program)), [
    ["s2", "rejected", "empty_field"],
    ["p1", "waiting", "parent_missing"],
    ["s0", "suppressed", null],
    ["u1", "unmapped", null],
  ]);
  await program.committed(server.push(events.put("alice/scene/s1")));
  const later = await statusWhen(
    program,
    ({ stored }) => stored?.recent.some(({ rkey }) => rkey === "s1") ?? false,
  );
  assert.deepEqual(states(later), [
    ["s1", "applied", null],
    ["s2", "rejected", "empty_field"],
    ["p1", "applied", null],
    ["s0", "suppressed", null],
    ["u1", "unmapped", null],
  ]);
});

databaseTest(
  "the counts of the ledger show their age, and agree with the other counts",
  async ({ url }) => {
    const events = nowEvents();
    await using server = new ReplayServer();
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.committed(server.push(events.put("alice/post/p1", { sceneId: "s1" })));
    const first = await statusWhen(program, ({ stored }) => (stored?.countedAt ?? null) !== null);
    await program.committed(server.push(events.put("alice/post/p2", { sceneId: "s1" })));
    const second = await statusWhen(program, ({ stored }) => stored?.waiting.total === 2);
    assert.equal(second.stored?.countedAt, first.stored?.countedAt);
    assert.deepEqual(second.stored?.collections.map(({ states }) => states.waiting), [2]);
  },
);
