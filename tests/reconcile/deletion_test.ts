/** What the stream says of a deletion is asked at the source: a relay that lies takes nothing away for good. */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { TinyNetwork } from "../support/pds/tiny_network.ts";
import { SampleEvents } from "../support/sample_events.ts";

const ALICE = "did:plc:alice2222222222222222222";
const SCENE = { $type: "app.subcult.scene", name: "Basement" };

async function liveScenes(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name from scenes where deleted_at is null order by name`;
  return rows.map(({ name }) => name);
}

const LIMIT_MS = 30_000;
const LOOK_MS = 50;

/** Runs the program on a stream with a record and its account's deletion, until something holds. */
async function afterDeletion(
  url: string,
  network: TinyNetwork,
  met: (program: Program) => Promise<boolean> | boolean,
): Promise<void> {
  await using server = new ReplayServer({ pingMs: 0 });
  const events = new SampleEvents();
  server.push(
    events.put("alice/scene/s", { name: "Basement" }),
    events.account("alice", false, "deleted"),
  );
  await using program = new Program({
    databaseUrl: url,
    streamUrl: server.url,
    env: { PLC_URL: network.url, RECONCILE_ALLOW_PRIVATE: "true" },
  });
  await program.until(() => program.said("listening") > 0);
  const until = Date.now() + LIMIT_MS;
  while (!await met(program)) {
    assert.ok(Date.now() < until, program.lastLines);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

databaseTest("a deletion that the source confirms stays", async ({ url, sql }) => {
  await using network = new TinyNetwork();
  await afterDeletion(url, network, async (program) => {
    return await program.metric('indexer_reconciles_total{result="deletion_confirmed"}') === 1;
  });
  assert.deepEqual(await liveScenes(sql), []);
  const [row] = await sql`select reason, next_attempt_at, failure from reconciles`;
  assert.deepEqual({ ...row }, { reason: "deletion", next_attempt_at: null, failure: null });
  const [account] = await sql`select active, status from accounts`;
  assert.deepEqual({ ...account }, { active: false, status: "deleted" });
});

databaseTest("a deletion that the source doesn't know of is undone", async ({ url, sql }) => {
  await using network = new TinyNetwork();
  await network.account(ALICE);
  network.put(ALICE, "app.subcult.scene/s", SCENE);
  await afterDeletion(url, network, async (program) => {
    const refuted = await program.metric('indexer_reconciles_total{result="deletion_refuted"}');
    return refuted === 1 && (await liveScenes(sql)).length === 1;
  });
  const [account] = await sql`select active, status from accounts`;
  assert.deepEqual({ ...account }, { active: true, status: null });
  const [record] = await sql`select state, record from records`;
  assert.deepEqual({ ...record }, { state: "applied", record: SCENE });
});

databaseTest(
  "while the source says neither, nothing is undone and it is asked again",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    await network.account(ALICE);
    network.put(ALICE, "app.subcult.scene/s", SCENE);
    network.misbehaviour = (_, { pathname }) =>
      pathname.endsWith("getRepo") ? new Response("no repository at all") : null;
    await afterDeletion(url, network, async (program) => {
      return await program.metric('indexer_reconciles_total{result="invalid"}') === 1;
    });
    assert.deepEqual(await liveScenes(sql), []);
    const [row] =
      await sql`select reason, failure, next_attempt_at is not null as due from reconciles`;
    assert.deepEqual({ ...row }, { reason: "deletion", failure: "invalid", due: true });
  },
);
