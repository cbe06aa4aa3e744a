/**
 * A deletion is confirmed at the source before anything is removed: a lying relay can remove nothing. What
 * the account published is hidden until then.
 */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { overdueDeletions } from "../../lib/repository/reconcile/deletions.ts";
import { requestAll } from "../../lib/repository/reconcile/reconcile_requests.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { TinyNetwork } from "../support/pds/tiny_network.ts";
import { SampleEvents } from "../support/sample_events.ts";
import { until } from "../support/within.ts";

const ALICE = "did:plc:alice2222222222222222222";
const SCENE = { $type: "app.subcult.scene", name: "Basement" };

async function liveScenes(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name from scenes where deleted_at is null order by name`;
  return rows.map(({ name }) => name);
}

/** The state of the record, and whether its content is stored. */
async function stateOf(sql: Sql): Promise<[state: string, isHeld: boolean]> {
  const [row] = await sql<{ state: string; held: boolean }[]>`
    select state, record is not null as held from records`;
  return [row?.state ?? "none", row?.held ?? false];
}

async function accountOf(sql: Sql): Promise<{ active: boolean; status: string | null }> {
  const [row] = await sql<{ active: boolean; status: string | null }[]>`
    select active, status from accounts`;
  return { active: true, status: null, ...row };
}

async function queued(sql: Sql): Promise<unknown> {
  const [row] = await sql`
    select reason, failure, next_attempt_at is not null as due from reconciles`;
  return { ...row };
}

/** Whether the program counted such an answer. */
function counted(result: string): (program: Program) => Promise<boolean> {
  return async (program) =>
    await program.metric(`indexer_reconciles_total{result="${result}"}`) === 1;
}

/** Runs the program on a stream with a record and its account's deletion, until something holds. */
async function afterDeletion(
  url: string,
  network: TinyNetwork,
  met: (program: Program) => Promise<boolean> | boolean,
  env: Readonly<Record<string, string>> = {},
  events = new SampleEvents(),
): Promise<void> {
  await using server = new ReplayServer({ pingMs: 0 });
  server.push(
    events.put("alice/scene/s", { name: "Basement" }),
    events.account("alice", false, "deleted"),
  );
  await using program = new Program({
    databaseUrl: url,
    streamUrl: server.url,
    env: { PLC_URL: network.url, RECONCILE_ALLOW_PRIVATE: "true", ...env },
  });
  await program.until(() => program.said("listening") > 0);
  await until(() => met(program), met.toString(), { state: () => program.lastLines });
}

databaseTest(
  "a deletion that the source confirms removes what was published",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    // The server has no such repository; or the directory says that the DID was given up for ever.
    for (const status of [null, 410]) {
      await sql`truncate records, accounts, scenes, reconciles, indexer_state cascade`;
      network.misbehaviour = () => status === null ? null : new Response("{}", { status });
      await afterDeletion(url, network, counted("deletion_confirmed"));
      assert.deepEqual(await liveScenes(sql), []);
      assert.deepEqual(await stateOf(sql), ["deleted", false]);
      assert.deepEqual(await queued(sql), { reason: "deletion", failure: null, due: false });
      assert.deepEqual(await accountOf(sql), { active: false, status: "deleted" });
    }
  },
);

databaseTest("a deletion that the source refutes is undone", async ({ url, sql }) => {
  await using network = new TinyNetwork();
  await network.account(ALICE);
  network.put(ALICE, "app.subcult.scene/s", SCENE);
  await afterDeletion(url, network, async (program) => {
    return await counted("deletion_refuted")(program) && (await liveScenes(sql)).length === 1;
  });
  assert.deepEqual(await accountOf(sql), { active: true, status: null });
  assert.deepEqual(await stateOf(sql), ["applied", true]);
});

databaseTest(
  "a deletion that the source refutes is undone also if this machine's clock is behind the stream's",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    await network.account(ALICE);
    network.put(ALICE, "app.subcult.scene/s", SCENE);
    const ahead = new SampleEvents((Date.now() + 600_000) * 1000);
    await afterDeletion(url, network, counted("deletion_refuted"), {}, ahead);
    assert.deepEqual(await accountOf(sql), { active: true, status: null });
    assert.deepEqual(await liveScenes(sql), [SCENE.name]);
  },
);

databaseTest(
  "an account that is only inactive by its source becomes inactive, and keeps its records",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    await network.account(ALICE);
    for (
      const [error, status] of [
        ["RepoDeactivated", "deactivated"],
        ["RepoSuspended", "suspended"],
        ["RepoTakendown", "takendown"],
      ] as const
    ) {
      await sql`truncate records, accounts, scenes, reconciles, indexer_state cascade`;
      network.misbehaviour = (_, { pathname }) =>
        pathname.endsWith("getRepo") ? Response.json({ error }, { status: 400 }) : null;
      await afterDeletion(url, network, counted("deletion_refuted"));
      assert.deepEqual(await accountOf(sql), { active: false, status });
      assert.deepEqual(await stateOf(sql), ["suppressed", true]);
      assert.deepEqual(await liveScenes(sql), []);
    }
  },
);

databaseTest(
  "without an answer of the source, records are hidden and kept, and the source is queried again, for seven days",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    await network.account(ALICE);
    network.put(ALICE, "app.subcult.scene/s", SCENE);
    network.misbehaviour = (_, { pathname }) =>
      pathname.endsWith("getRepo") ? new Response("no repository at all") : null;
    await afterDeletion(url, network, counted("invalid"));
    assert.deepEqual(await liveScenes(sql), []);
    assert.deepEqual(await stateOf(sql), ["suppressed", true]);
    assert.deepEqual(await queued(sql), { reason: "deletion", failure: "invalid", due: true });
    // A request for all repositories includes this one, and the deletion stays unconfirmed.
    const aged = (days: string): Promise<unknown> =>
      sql`update reconciles set requested_at = now() - ${days}::text::interval, attempts = 9`;
    await aged("6 days 23 hours");
    await requestAll(sql, "asked");
    await afterDeletion(url, network, counted("invalid"));
    assert.deepEqual(await stateOf(sql), ["suppressed", true]);
    const [next] =
      await sql`select next_attempt_at <= now() + interval '1 day' as soon from reconciles`;
    assert.equal(next?.["soon"], true);
    await aged("7 days 1 hour");
    await requestAll(sql, "asked");
    await afterDeletion(url, network, counted("deletion_unanswered"));
    assert.deepEqual(await stateOf(sql), ["deleted", false]);
    assert.deepEqual(await queued(sql), { reason: "deletion", failure: null, due: false });
  },
);

databaseTest(
  "with reconciling off, records of a deleted account are hidden at once and removed some days later",
  async ({ url, sql }) => {
    await using network = new TinyNetwork();
    const env = { RECONCILE_ENABLED: "false", RECONCILE_DELETION_DAYS: "3" };
    const hidden = async (): Promise<boolean> => (await stateOf(sql))[0] === "suppressed";
    await afterDeletion(url, network, hidden, env);
    await sql`update reconciles set requested_at = now() - interval '2 days 23 hours'`;
    assert.equal((await overdueDeletions(sql, 3, 10)).length, 0);
    await sql`update reconciles set requested_at = now() - interval '3 days 1 hour'`;
    await afterDeletion(url, network, counted("deletion_unanswered"), env);
    assert.deepEqual(await stateOf(sql), ["deleted", false]);
    assert.deepEqual(network.asked, []);
  },
);
