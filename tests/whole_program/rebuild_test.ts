/** `rebuild`: an empty database gets the records from before it began to follow the stream. */

import assert from "node:assert/strict";
import { encode } from "@atcute/cbor";
import { recordCid } from "../../lib/decoder/cbor/cid.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { told } from "../support/command_output.ts";
import { Program } from "../support/crash/in_process.ts";
import { settings } from "../support/crash/settings.ts";
import { databaseTest } from "../support/database.ts";
import { archiveTest, CONVERGED, liveScenes } from "../support/jetstream/history.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { TinyNetwork } from "../support/pds/tiny_network.ts";
import { SampleEvents, uriOf } from "../support/sample_events.ts";
import { until } from "../support/within.ts";

function didOf(number: number): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  return `did:plc:${"z".repeat(22)}${letters.charAt(number >> 5)}${letters.charAt(number & 31)}`;
}

/** A network where some accounts have a scene, an event of it, and a post in somebody else's. */
async function populated(network: TinyNetwork, accounts: number): Promise<void> {
  for (let number = 0; number < accounts; number++) {
    const did = didOf(number);
    await network.account(did);
    const scene = `at://${didOf((number + 1) % accounts)}/app.subcult.scene/s`;
    network.put(did, "app.subcult.scene/s", {
      $type: "app.subcult.scene",
      name: `Scene ${number}`,
    });
    network.put(did, "app.subcult.event/e", {
      $type: "app.subcult.event",
      name: "Night",
      sceneId: "s",
      startsAt: "2026-09-01T20:00:00Z",
    });
    network.put(did, "app.subcult.post/p", {
      $type: "app.subcult.post",
      text: "!",
      sceneId: scene,
    });
    network.put(did, "app.bsky.feed.post/other", { $type: "app.bsky.feed.post", text: "?" });
  }
}

function settingsFor(network: TinyNetwork): Record<string, string> {
  return {
    PLC_URL: network.url,
    RELAY_URL: network.url,
    RECONCILE_ALLOW_PRIVATE: "true",
    START_FROM: "live",
  };
}

/** Applied records, by URI with their CIDs. */
async function indexed(sql: Sql): Promise<Map<string, string | null>> {
  const rows = await sql<{ uri: string; cid: string | null }[]>`
    select 'at://' || did || '/' || collection || '/' || rkey as uri, cid from records
    where state = 'applied' order by 1`;
  return new Map(rows.map(({ uri, cid }) => [uri, cid]));
}

function published(network: TinyNetwork, accounts: number): Map<string, string | null> {
  const all = Array.from({ length: accounts }, (_, number) => didOf(number)).flatMap((did) =>
    [...network.records(did)].filter(([path]) => path.startsWith("app.subcult."))
      .map(([path, record]) => [`at://${did}/${path}`, recordCid(encode(record))] as const)
  );
  return new Map(all.toSorted(([a], [b]) => a < b ? -1 : 1));
}

const ACCOUNTS = 12;
const REBUILT = "rebuilt from the repositories";

databaseTest(
  "an empty database is filled from the repositories that a relay lists, and then follows the stream",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    await populated(network, ACCOUNTS);
    network.listed = 5;
    let refused = false;
    network.misbehaviour = (_, { pathname }) => {
      if (refused || !pathname.endsWith("listReposByCollection")) return null;
      refused = true;
      return new Response("{}", { status: 503 });
    };
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      env: settingsFor(network),
      fill: true,
    });
    await program.until(() => program.said(REBUILT) > 0);
    assert.deepEqual(await indexed(sql), published(network, ACCOUNTS));
    assert.equal(program.said("cannot list repositories, retrying"), 1);
    const [done] = program.log.filter(({ message }) => message === REBUILT);
    assert.deepEqual([done?.done, done?.left, done?.failing], [ACCOUNTS, 0, 0]);
    const listed = program.log.filter(({ message }) => message === "repositories listed");
    assert.deepEqual(listed.map(({ collection, listed, queued }) => [collection, listed, queued]), [
      ["app.subcult.scene", ACCOUNTS, ACCOUNTS],
      ["app.subcult.event", ACCOUNTS, 0],
      ["app.subcult.post", ACCOUNTS, 0],
      ["app.subcult.alliance", 0, 0],
      ["app.subcult.membership", 0, 0],
      ["app.subcult.stream", 0, 0],
    ]);

    const events = new SampleEvents();
    server.push(events.put("alice/scene/live"));
    await program.until(() => program.counts.applied === 1);
    assert.ok((await indexed(sql)).has(uriOf("alice/scene/live")));
  },
);

databaseTest(
  "an unreadable repository is reported, retried, and delays no other",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    await populated(network, 4);
    network.misbehaviour = (_, { pathname, searchParams }) =>
      pathname.endsWith("getRepo") && searchParams.get("did") === didOf(2)
        ? new Response("no repository at all")
        : null;
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      env: settingsFor(network),
      fill: true,
    });
    await program.until(() => program.said(REBUILT) > 0);
    const [done] = program.log.filter(({ message }) => message === REBUILT);
    assert.deepEqual([done?.done, done?.failing], [3, 1]);
    const rows = await sql`select did, reason from reconciles where next_attempt_at is not null`;
    assert.deepEqual(rows.map((row) => ({ ...row })), [{ did: didOf(2), reason: "rebuild" }]);
  },
);

databaseTest(
  "a rebuild ends although the pages of the relay's list go round",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    await populated(network, 1);
    const next: Readonly<Record<string, string>> = { "": "a", a: "b", b: "a" };
    network.misbehaviour = (_, { pathname, searchParams }) =>
      pathname.endsWith("listReposByCollection")
        ? Response.json({
          repos: [{ did: didOf(0) }],
          cursor: next[searchParams.get("cursor") ?? ""],
        })
        : null;
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      env: settingsFor(network),
      fill: true,
    });
    await program.until(() => program.said(REBUILT) > 0);
    assert.deepEqual(await indexed(sql), published(network, 1));
    assert.ok(program.said("the relay's list goes round: listing ends") > 0);
  },
);

databaseTest(
  "a stopped rebuild continues, and reads no repository twice",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    await populated(network, ACCOUNTS);
    await using server = new ReplayServer({ pingMs: 0 });
    const options = {
      databaseUrl: url,
      streamUrl: server.url,
      env: settingsFor(network),
      fill: true,
    };
    {
      await using program = new Program(options);
      await program.until(() => program.said("repository reconciled") >= 3);
    }
    const [before] = await sql<{ done: number }[]>`
    select count(finished_at)::int as done from reconciles`;
    assert.ok((before?.done ?? 0) >= 3);
    const finished = await sql<
      { did: string }[]
    >`select did from reconciles where finished_at is not null`;
    // Repositories that were being read at the stop are due again after half an hour.
    await sql`update reconciles set next_attempt_at = now() where next_attempt_at is not null`;
    network.asked.length = 0;
    await using program = new Program(options);
    await program.until(() => program.said(REBUILT) > 0);
    assert.deepEqual(await indexed(sql), published(network, ACCOUNTS));
    for (const { did } of finished) {
      assert.ok(
        !network.asked.some((path) => path.includes(`getRepo?did=${encodeURIComponent(did)}`)),
        did,
      );
    }
  },
);

for (const words of [["rebuild", "--from", "archive"], ["rebuild"]]) {
  archiveTest(
    `${
      words.join(" ")
    } fills an empty database from the archive of a v2 server, then follows the stream`,
    { startFrom: "live", wholeFrom: 0 },
    async ({ history, sql, options: { databaseUrl, streamUrl, env } }) => {
      const stop = new AbortController();
      const running = told(words, {
        env: settings(databaseUrl, streamUrl, env),
        stop: stop.signal,
      });
      const isFilled = async (): Promise<boolean> =>
        (await liveScenes(sql)).join() === CONVERGED.join();
      try {
        await until(isFilled, "all that the archive and the stream have");
      } finally {
        stop.abort();
      }
      assert.equal((await running).code, 0);
      assert.ok(history.plans.length > 0, "the archive was asked for nothing");
    },
  );
}

Deno.test("rebuild accepts the sources that its help names", async () => {
  const { code, err } = await told(["rebuild", "--from", "backup"], {
    env: {
      DATABASE_URL: "postgres://me:pw@127.0.0.1:1/x",
      LOCATION_JITTER_SECRET: "a secret of the tests",
    },
  });
  assert.equal(code, 2);
  assert.match(err.join(), /--from backup: expected archive or repositories/);
});
