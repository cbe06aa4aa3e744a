import assert from "node:assert/strict";
import { readCursor } from "../../lib/repository/batch/cursor.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { Folded } from "../support/folded.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { refusesInText, ScriptedServer } from "../support/jetstream/server.ts";
import { SMALLEST } from "../support/mapper_sample.ts";
import { SampleEvents, uriOf } from "../support/sample_events.ts";

databaseTest(
  "I-01 E-338 over a socket: a scene, an event, a foreign post, the end of the scene",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await using server = new ReplayServer();
    await using program = new Program({ databaseUrl: database.url, streamUrl: server.url });
    const [scene, event] = ["alice/scene/s1", "alice/event/e1"];
    await program.committed(server.push(events.put(scene)));
    assert.deepEqual(await folded.live(scene), [true]);
    await program.committed(server.push(events.put(event, { sceneId: "s1" })));
    assert.deepEqual(await folded.live(event), [true]);
    const foreign = events.put("carol/app.bsky.feed.post/p1", { text: "not ours" });
    server.push(JSON.stringify({ ...foreign, cursor: server.nextSeq }));
    await program.committed(server.push(events.delete(scene)));
    assert.deepEqual(await folded.live(scene, event), [false, false]);
    await program.until(() => program.counts.ignored === 1);
    assert.deepEqual([program.counts.applied, program.counts.ignored], [3, 1]);
    assert.equal(await folded.count("records"), 2);
    // All of it came over one connection, which asked for our collections alone.
    const asked = server.peers.map(({ request }) => request.query.getAll("wantedCollections"));
    assert.deepEqual(asked, [["app.subcult.*"]]);
  },
);

databaseTest("E-343 every collection goes over the socket into its table", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await using server = new ReplayServer();
  const records = Object.keys(SMALLEST).map((name) => `alice/${name}/${name}1`);
  const last = server.push(
    ...records.map((record) => events.put(record)),
    events.put("alice/scene/scene2"),
  );
  await using program = new Program({ databaseUrl: database.url, streamUrl: server.url });
  await program.committed(last);
  assert.deepEqual(await folded.live(...records), records.map(() => true));
});

databaseTest("the same stream in v2 gives the same rows", async (database) => {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await using server = new ReplayServer();
  const last = server.push(
    events.put("alice/scene/s1"),
    events.put("bob/post/p1", { sceneId: uriOf("alice/scene/s1") }),
    events.account("alice", false, "suspended"),
    events.account("alice", true),
    events.put("bob/post/p2", { sceneId: uriOf("alice/scene/s1") }),
  );
  await using program = new Program({
    databaseUrl: database.url,
    streamUrl: server.v2Url,
    env: { START_FROM: "1" },
  });
  await program.committed(last);
  assert.deepEqual(await folded.live("alice/scene/s1", "bob/post/p1", "bob/post/p2"), [
    true,
    true,
    true,
  ]);
  assert.equal(program.counts.applied, 5);
});

databaseTest(
  "batches use one session, whatever other queries run meanwhile",
  async (database) => {
    const { sql, url } = database;
    await sql`create table sessions (pid int)`;
    await sql.unsafe(`create function note_session() returns trigger language plpgsql
      as 'begin insert into sessions values (pg_backend_pid()); return null; end'`);
    await sql`create trigger note_session after insert on records execute function note_session()`;
    const events = new SampleEvents();
    await using server = new ReplayServer();
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      faultPoint: async (name) => {
        if (name !== "batch_loaded") return;
        const { sql: asking } = program.running.database;
        await Promise.all([asking`select 1`, asking`select 2`]);
      },
    });
    for (let batch = 1; batch <= 5; batch++) {
      await program.committed(server.push(events.put(`alice/scene/s${batch}`)));
    }
    const [row] = await sql`select count(*)::int as batches, count(distinct pid)::int as sessions
      from sessions`;
    assert.deepEqual(row, { batches: 5, sessions: 1 });
  },
  { kinds: ["server"] },
);

databaseTest(
  "I-03 a stop under load writes what was read and ends with 0, and the next start reads the rest",
  async (database) => {
    const events = new SampleEvents();
    const total = 20_000;
    await using server = new ReplayServer();
    for (let index = 0; index < total; index++) server.push(events.put(`alice/scene/${index}`));
    const folded = new Folded(database);
    {
      await using program = new Program({ databaseUrl: database.url, streamUrl: server.url });
      await program.until(() => program.cursor > 0);
      const startedAt = performance.now();
      assert.equal(await program.stop(), 0);
      assert.ok(performance.now() - startedAt < 10_000);
      const { applied } = program.counts;
      assert.ok(applied > 0);
      assert.equal(await folded.count("records"), applied);
      assert.equal(program.cursor, applied);
    }
    await using program = new Program({ databaseUrl: database.url, streamUrl: server.url });
    await program.committed(total);
    assert.equal(await folded.count("scenes"), total);
  },
);

databaseTest("I-03 a stop on a quiet stream is at once", async ({ url }) => {
  await using server = new ReplayServer();
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  await program.until(() => program.said("connected") > 0);
  const startedAt = performance.now();
  assert.equal(await program.stop(), 0);
  assert.ok(performance.now() - startedAt < 3_000);
});

databaseTest("L-01 the program keeps up with a thousand commits a second", async ({ url }) => {
  const events = new SampleEvents();
  const perSecond = 1000;
  const commits = Array.from(
    { length: 2 * perSecond },
    (_, index) => events.put(`alice/scene/${index}`),
  );
  await using server = new ReplayServer();
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  await program.until(() => program.said("connected") > 0);
  await server.play(commits, { perSecond, signal: new AbortController().signal });
  const endedAt = performance.now();
  await program.committed(commits.length);
  assert.ok(performance.now() - endedAt < 3_000);
  assert.equal(program.counts.applied, commits.length);
});

databaseTest("L-02 three bursts of five hundred all arrive", async ({ url }) => {
  const events = new SampleEvents();
  await using server = new ReplayServer();
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  for (let burst = 1; burst <= 3; burst++) {
    const commits = Array.from(
      { length: 500 },
      (_, index) => events.put(`alice/scene/${burst}-${index}`),
    );
    await program.committed(server.push(...commits));
  }
  assert.equal(program.counts.applied, 1500);
});

databaseTest(
  "L-03 V-05 of a thousand repositories nothing is handled twice, and the cursor goes up to the last event",
  async (database) => {
    const events = new SampleEvents();
    const cursors: number[] = [];
    await using server = new ReplayServer();
    const commits = Array.from({ length: 1000 }, (_, index) => events.put(`r${index}x/scene/s1`));
    await using program = new Program({
      databaseUrl: database.url,
      streamUrl: server.url,
      env: { BATCH_MAX_EVENTS: "100" },
      committed: () => cursors.push(program.cursor),
    });
    const last = server.push(...commits);
    await program.committed(last);
    assert.equal(program.counts.applied, 1000);
    const [row] = await database.sql<{ dids: number }[]>`
      select count(distinct record_did)::int as dids from scenes`;
    assert.equal(row?.dids, 1000);
    assert.deepEqual(cursors, [...new Set(cursors)].toSorted((a, b) => a - b));
    assert.ok(cursors.length >= 10);
    assert.deepEqual([cursors.at(-1), (await readCursor(database.sql, "default"))?.cursor], [
      last,
      last,
    ]);
  },
);

databaseTest(
  "V-02 a request that every server finally rejects ends the process with 1",
  async ({ url }) => {
    await using server = new ScriptedServer([
      refusesInText(400, "invalid options: no such collection"),
    ]);
    await using program = new Program({ databaseUrl: url, streamUrl: server.url() });
    assert.equal(await program.done, 1);
    const last = program.log.at(-1);
    assert.deepEqual([last?.level, last?.message], ["error", "stopped"]);
    assert.match(JSON.stringify(last), /no such collection/);
  },
);

databaseTest(
  "RECONNECT_MAX_ATTEMPTS failures in a row end the process with 1",
  async ({ url }) => {
    await using server = new ScriptedServer([refusesInText(503, "down")]);
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url(),
      env: { RECONNECT_MAX_ATTEMPTS: "3" },
    });
    assert.equal(await program.done, 1);
    assert.equal(server.peers.length, 3);
  },
);

databaseTest(
  "CL-11 CL-12 CL-13 a slow database pauses the reading, and nothing is lost",
  async (database) => {
    const events = new SampleEvents();
    const total = 3000;
    const held = Promise.withResolvers<void>();
    await using server = new ReplayServer();
    await using program = new Program({
      databaseUrl: database.url,
      streamUrl: server.url,
      env: {
        BATCH_MAX_EVENTS: "100",
        QUEUE_PAUSE_AT: "200",
        QUEUE_RESUME_AT: "50",
        QUEUE_MAX: "400",
      },
      faultPoint: async (name) => {
        if (name === "batch_begun") await held.promise;
        program.look();
      },
    });
    for (let index = 0; index < total; index++) server.push(events.put(`alice/scene/${index}`));
    await program.until(() => program.said("connected") > 0);
    const { facts } = program.running.telemetry;
    const watch = setInterval(() => program.look(), 10);
    await program.until(() => facts.pausedAt !== null).finally(() => clearInterval(watch));
    assert.ok(facts.backlog().queued <= 400);
    assert.equal(await program.metric("indexer_paused"), 1);
    held.resolve();
    await program.committed(total);
    assert.equal(await program.metric("indexer_paused"), 0);
    assert.ok((await program.metric("indexer_backpressure_paused_total") ?? 0) >= 1);
    assert.equal(
      await program.metric("indexer_backpressure_paused_total"),
      await program.metric("indexer_backpressure_resumed_total"),
    );
    const folded = new Folded(database);
    assert.equal(await folded.count("scenes"), total);
  },
);
