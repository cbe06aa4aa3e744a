import assert from "node:assert/strict";
import { readCursor } from "../../lib/repository/batch/cursor.ts";
import { hastyClock } from "../support/crash/hasty_clock.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { lastingPort } from "../support/lasting_port.ts";
import { didOf, SampleEvents } from "../support/sample_events.ts";

/** What each connection asked for, in the order in which they were made. */
function cursorsAsked(server: ReplayServer): (string | null)[] {
  return server.peers.map(({ request }) => request.query.get("cursor"));
}

function scenes(events: SampleEvents, count: number): ReturnType<SampleEvents["put"]>[] {
  return Array.from({ length: count }, () => events.put(`alice/scene/${events.timeUs}`));
}

databaseTest(
  "RC-01 RC-04 S-02 a restart resumes at the committed cursor, inclusively, and recognises the overlap",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    await using server = new ReplayServer();
    const last = server.push(...scenes(events, 5));
    {
      await using program = new Program({ databaseUrl: url, streamUrl: server.url });
      await program.committed(last);
      assert.equal(await program.stop(), 0);
    }
    assert.equal((await readCursor(sql, "default"))?.cursor, last);

    const next = server.push(...scenes(events, 3));
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.committed(next);
    assert.deepEqual(cursorsAsked(server), ["0", String(last)]);
    assert.deepEqual([program.counts.applied, program.counts.duplicate], [3, 1]);
    const [row] = await sql<{ live: number }[]>`select count(*)::int as live from scenes`;
    assert.equal(row?.live, 8);
  },
);

databaseTest("V-01 after a lost connection reading resumes at its position", async ({ url }) => {
  const events = new SampleEvents();
  await using server = new ReplayServer();
  server.push(...scenes(events, 5));
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  await program.committed(5);
  server.dropAll();
  server.push(...scenes(events, 5));
  await program.committed(10);
  assert.deepEqual(cursorsAsked(server), ["0", "5"]);
  assert.deepEqual([program.counts.applied, program.counts.duplicate], [10, 1]);
});

databaseTest(
  "while only foreign events arrive the cursor advances, with one commit every two seconds",
  async ({ url, sql }) => {
    const haste = 10;
    let commits = 0;
    await using server = new ReplayServer();
    const foreign = (count: number): string[] =>
      Array.from({ length: count }, () => {
        seq++;
        const commit = {
          rev: "3mwztfqk2ws2a",
          operation: "create",
          collection: "app.bsky.feed.like",
          rkey: String(seq),
          record: {},
          cid: "bafyreihdwdcefgh4dqkjv67uzcmw",
        };
        return JSON.stringify({
          did: didOf("carol"),
          time_us: 1_787_218_200_000_000 + seq,
          cursor: seq,
          kind: "commit",
          commit,
        });
      });
    let seq = 0;
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      clock: hastyClock(haste),
      committed: () => commits++,
    });
    const startedAt = performance.now();
    for (let round = 1; round <= 5; round++) {
      server.push(...foreign(200));
      await program.committed(200 * round);
    }
    const seconds = (performance.now() - startedAt) / 1000 * haste;
    assert.ok(commits <= seconds / 2 + 1, `${commits} commits in ${seconds} s`);
    assert.deepEqual(program.counts.ignored, 1000);
    assert.equal((await readCursor(sql, "default"))?.cursor, 1000);
    const [row] = await sql<{ count: number }[]>`select count(*)::int as count from records`;
    assert.equal(row?.count, 0);
  },
);

databaseTest(
  "events of foreign accounts alone cost one transaction every two seconds",
  async ({ url }) => {
    let commits = 0;
    const events = new SampleEvents();
    await using server = new ReplayServer();
    for (let index = 0; index < 400; index++) {
      server.push(
        events.identity(`x${index}`, "x.example"),
      );
    }
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      clock: hastyClock(10),
      committed: () => commits++,
    });
    await program.committed(400);
    assert.ok(commits <= 2, `${commits} commits`);
    assert.equal(program.counts.ignored, 400);
  },
);

databaseTest("each consumer has a cursor of its own", async ({ url, sql }) => {
  const events = new SampleEvents();
  await using server = new ReplayServer();
  server.push(...scenes(events, 4));
  for (const consumer of ["one", "two"]) {
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      env: { CONSUMER_NAME: consumer },
    });
    await program.committed(4);
    await program.stop();
  }
  assert.deepEqual(cursorsAsked(server), ["0", "0"]);
  const rows = await sql<{ consumer: string; cursor: number }[]>`
    select consumer, cursor::int as cursor from indexer_state order by consumer`;
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { consumer: "one", cursor: 4 },
    { consumer: "two", cursor: 4 },
  ]);
});

databaseTest(
  "on another instance the cursor is a time, some minutes before the last event",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    await using first = new ReplayServer({ firstSeq: 70_000 });
    const history = scenes(events, 3);
    first.push(...history);
    {
      await using program = new Program({ databaseUrl: url, streamUrl: first.url });
      await program.committed(70_002);
      await program.stop();
    }
    await using second = new ReplayServer();
    second.push(...history, ...scenes(events, 2));
    await using program = new Program({ databaseUrl: url, streamUrl: second.url });
    await program.until(() => program.cursor === 5);
    const [asked] = cursorsAsked(second);
    assert.equal(Number(asked), history[2]!.time_us! - 300_000_000);
    assert.deepEqual([program.counts.applied, program.counts.duplicate], [2, 3]);
    const stored = await readCursor(sql, "default");
    assert.deepEqual([stored?.cursor, stored?.source], [5, `127.0.0.1:${second.port}/subscribe`]);
  },
);

databaseTest(
  "reading continues on another instance, although its numbers are lower and its events older",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    await using first = new ReplayServer({ firstSeq: 70_000 });
    const history = scenes(events, 3);
    first.push(...history);
    await using second = new ReplayServer();
    second.push(...history.slice(0, 2));
    const streamUrl = `${first.url},${second.url}`;
    await using program = new Program({ databaseUrl: url, streamUrl });
    await program.committed(70_002);
    await first.close();
    await program.until(() => program.counts.duplicate === 2);
    await program.stop();
    const stored = await readCursor(sql, "default");
    assert.deepEqual([stored?.cursor, stored?.source], [2, `127.0.0.1:${second.port}/subscribe`]);
  },
);

databaseTest(
  "a rebuilt instance that numbers from the start is followed, and nothing is missed",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    const port = lastingPort();
    {
      await using old = new ReplayServer({ port, firstSeq: 9_000 });
      old.push(...scenes(events, 3));
      await using program = new Program({ databaseUrl: url, streamUrl: old.url });
      await program.committed(9_002);
      await program.stop();
    }
    await using anew = new ReplayServer({ port });
    anew.push(...scenes(events, 4));
    await using program = new Program({ databaseUrl: url, streamUrl: anew.url });
    await program.until(() => program.said("connected") > 0);
    // Its cursor is beyond the end of the new numbers, so the server sends only what comes now.
    anew.push(...scenes(events, 1));
    await program.until(() => program.counts.applied === 5);
    const stored = await readCursor(sql, "default");
    assert.deepEqual([stored?.cursor, stored?.timeUs], [5, events.timeUs]);
  },
);

databaseTest(
  "an instance that is rebuilt while it is read is followed by its new numbers",
  async ({ url }) => {
    const events = new SampleEvents();
    const port = lastingPort();
    const old = new ReplayServer({ port, firstSeq: 9_000 });
    old.push(...scenes(events, 3));
    await using program = new Program({ databaseUrl: url, streamUrl: old.url });
    await program.committed(9_002);
    await old.close();
    await using anew = new ReplayServer({ port });
    await program.until(() => program.said("connected") > 1);
    anew.push(...scenes(events, 1));
    await program.until(() => program.counts.applied === 4);
    anew.dropAll();
    anew.push(...scenes(events, 1));
    await program.until(() => program.counts.applied === 5);
    assert.equal(cursorsAsked(anew).at(-1), "1");
  },
);

databaseTest(
  "an event in the future is written, and reading does not resume there, whether its cursor or its time is in the future",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    const [right, wrong, late] = scenes(events, 3);
    await using server = new ReplayServer();
    const last = server.push(right!);
    server.push(JSON.stringify({ ...wrong, cursor: 8_000_000_000_000_000 }));
    server.push(JSON.stringify({ ...late, cursor: 3, time_us: 8_000_000_000_000_000 }));
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.until(() => program.said("connected") > 0);
    await program.until(() => program.counts.applied === 3);
    await program.stop();
    assert.equal((await readCursor(sql, "default"))?.cursor, last);
  },
);
