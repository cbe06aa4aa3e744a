import assert from "node:assert/strict";
import { MIGRATIONS } from "../../lib/repository/schema/migrations.ts";
import { Program } from "../support/crash/in_process.ts";
import { assertFolded, numberedStream } from "../support/crash/stream.ts";
import { databaseTest } from "../support/database.ts";
import { DatabaseProxy, type Fault } from "../support/faults/database_proxy.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { SampleEvents } from "../support/sample_events.ts";
import { seeded } from "../support/fresh_seeds.ts";

const STANDING_BY = "standing by: another instance leads";

databaseTest(
  "two concurrent consumers on one database give the same tables as one, and each has its own leader",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed, 400);
    await using server = new ReplayServer({ pingMs: 0 });
    const start = (batch: string): Program =>
      new Program({
        databaseUrl: db.url,
        streamUrl: server.url,
        env: { BATCH_MAX_EVENTS: batch, CONSUMER_NAME: `batches of ${batch}`.replaceAll(" ", "-") },
      });
    await using one = start("7");
    await using two = start("11");
    server.push(...frames.slice(0, 200));
    await Promise.all([one.committed(150), two.committed(150)]);
    server.dropAll();
    server.push(...frames.slice(200));
    await Promise.all([one.committed(400), two.committed(400)]);
    const leads = (consumer: string): string =>
      `indexer_leader{consumer="${consumer}",partition="0"}`;
    assert.equal(await one.metric(leads("batches-of-7")), 1);
    assert.equal(await two.metric(leads("batches-of-11")), 1);
    assert.deepEqual(await Promise.all([one.stop(), two.stop()]), [0, 0]);
    await assertFolded(db.sql, frames);
  }),
);

databaseTest(
  "any number of instances migrate at once, also when one of them is disconnected",
  async ({ url, sql }) => {
    await using server = new ReplayServer({ pingMs: 0 });
    await using proxy = DatabaseProxy.start(url);
    let cut = false;
    await using unlucky = new Program({
      databaseUrl: proxy.url,
      streamUrl: server.url,
      random: () => 0.05,
      faultPoint: (name) => {
        if (name === "migration_applied" && !cut) cut = proxy.cut().hasFired;
      },
    });
    await unlucky.until(() => cut, "the connection is cut in a migration");
    const others = [1, 2, 3].map(() => new Program({ databaseUrl: url, streamUrl: server.url }));
    const all = [unlucky, ...others];
    await Promise.all(
      all.map((program) =>
        program.until(() => program.said("connected") + program.said(STANDING_BY) > 0)
      ),
    );
    assert.deepEqual(await Promise.all(all.map((program) => program.stop())), [0, 0, 0, 0]);
    assert.equal(all.reduce((sum, program) => sum + program.said("migrations applied"), 0), 1);
    const rows = await sql<{ version: number }[]>`
      select version from schema_migrations order by version`;
    assert.deepEqual(
      rows.map(({ version }) => version),
      MIGRATIONS.map(({ version }) => version),
    );
  },
  { kinds: ["server"], content: "empty" },
);

databaseTest(
  "an instance that is disconnected within its transaction does not block writing for long",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    await using server = new ReplayServer({ pingMs: 0 });
    const last = server.push(events.put("alice/scene/a"), events.put("alice/scene/b"));
    await using proxy = DatabaseProxy.start(url);
    let cut: Fault | null = null;
    await using unlucky = new Program({
      databaseUrl: proxy.url,
      streamUrl: server.url,
      statementTimeoutMs: 500,
      // It holds the lock by now, and its connection stays open: only the database can end that.
      faultPoint: (name) => {
        if (name === "batch_loaded") cut ??= proxy.hang();
      },
    });
    await unlucky.until(() => cut !== null, "it is cut off in a batch");
    await using other = new Program({ databaseUrl: url, streamUrl: server.url });
    await other.committed(last);
    proxy.heal();
    await unlucky.until(() => unlucky.said(STANDING_BY) > 0);
    const [row] = await sql<{ live: number }[]>`select count(*)::int as live from scenes`;
    assert.equal(row?.live, 2);
  },
  { kinds: ["server"] },
);
