import assert from "node:assert/strict";
import { checkDatabase } from "../../lib/repository/schema/check_database.ts";
import { Program } from "../support/crash/in_process.ts";
import { PrivateCluster, serverPrograms } from "../support/crash/private_cluster.ts";
import { assertFolded, countsAfter, numberedStream } from "../support/crash/stream.ts";
import { DatabaseProxy } from "../support/faults/database_proxy.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { onConnection } from "../support/on_connection.ts";
import { until } from "../support/within.ts";
import { seeded } from "../support/fresh_seeds.ts";

const PROGRAMS = Deno.env.get("TEST_DATABASE_URL") ? serverPrograms() : null;
const MISSING = PROGRAMS === null ? " (no TEST_DATABASE_URL, or no Postgres programs here)" : "";
const FRAMES = 240;

/** Waits until a standby has received and applied all that the primary has written. */
async function caughtUp(primary: PrivateCluster, standby: PrivateCluster): Promise<void> {
  const [row] = await onConnection(
    primary.url,
    (sql) => sql<{ at: string }[]>`select pg_current_wal_lsn()::text as at`,
  );
  const isThere = async (): Promise<boolean> => {
    const [found] = await onConnection(
      standby.url,
      (sql) =>
        sql<{ there: boolean }[]>`select pg_last_wal_replay_lsn() >= ${
          row?.at ?? ""
        }::pg_lsn as there`,
    );
    return found?.there === true;
  };
  await until(isThere, "the standby has caught up");
}

function portOf(url: string): string {
  return new URL(url).port;
}

Deno.test({
  name:
    "a switchover: the writer leaves the old primary, whether it goes, stays as a standby, or is " +
    `one of several hosts${MISSING}`,
  ignore: PROGRAMS === null,
  fn: seeded(async (seed) => {
    if (PROGRAMS === null) return;
    const frames = numberedStream(seed, FRAMES);
    await using first = await PrivateCluster.create(PROGRAMS);
    await using second = await PrivateCluster.follow(first);
    // Behind one address, as a provider has it.
    await using address = DatabaseProxy.start(first.url);
    await using server = new ReplayServer({ pingMs: 0 });
    const start = (databaseUrl: string): Program =>
      new Program({
        databaseUrl,
        streamUrl: server.url,
        env: { BATCH_MAX_EVENTS: "10" },
        random: () => 0.05,
      });
    {
      await using program = start(address.url);
      server.push(...frames.slice(0, 80));
      await program.committed(80);
      await caughtUp(first, second);
      await second.promote();
      await onConnection(first.url, async (sql) => {
        await sql.command("alter system set default_transaction_read_only = on");
        await sql.unsafe("select pg_reload_conf()");
      });
      // The old primary stays, and refuses; then the address leads to the new one.
      server.push(...frames.slice(80, 120));
      await program.until(
        () => program.log.some(({ code }) => code === "25006"),
        "the old primary refuses",
      );
      address.redirect(second.url);
      await program.committed(120);
      assert.equal(await program.stop(), 0);
    }
    // The next one: both hosts are named, the standby first.
    await first.end("immediate");
    await using third = await PrivateCluster.follow(second);
    const named = third.url.replace(/:(\d+)\//, `:$1,127.0.0.1:${portOf(second.url)}/`);
    const findings = await onConnection(third.url, (sql) => checkDatabase(sql, "it"));
    assert.match(findings.find(({ ok }) => !ok)?.detail ?? "", /a standby, expected the primary/);
    {
      await using program = start(named);
      server.push(...frames.slice(120, 180));
      await program.committed(180);
      await caughtUp(second, third);
      await second.end("immediate");
      await third.promote();
      server.push(...frames.slice(180));
      await program.committed(FRAMES);
      assert.equal(await program.stop(), 0);
    }
    await onConnection(third.url, (sql) => assertFolded(sql, frames));
  }),
});

Deno.test({
  name:
    `a failover to a standby that lacks the last commits: their events are read again${MISSING}`,
  ignore: PROGRAMS === null,
  fn: seeded(async (seed) => {
    if (PROGRAMS === null) return;
    const frames = numberedStream(seed, FRAMES);
    await using first = await PrivateCluster.create(PROGRAMS);
    await using second = await PrivateCluster.follow(first);
    await using address = DatabaseProxy.start(first.url);
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: address.url,
      streamUrl: server.url,
      env: { BATCH_MAX_EVENTS: "10" },
      random: () => 0.05,
    });
    server.push(...frames.slice(0, 80));
    await program.committed(80);
    await caughtUp(first, second);
    // From here on the standby receives nothing, as one that lags behind.
    await onConnection(second.url, async (sql) => {
      await sql.command("alter system set primary_conninfo = ''");
      await sql.unsafe("select pg_reload_conf()");
      await until(async () => {
        const [row] = await sql<{ ended: boolean }[]>`
          select not exists (select from pg_stat_wal_receiver) as ended`;
        return row?.ended === true;
      }, "the standby receives nothing");
    });
    server.push(...frames.slice(80, 160));
    await program.committed(160);
    await second.promote();
    address.redirect(second.url);
    await first.end("immediate");
    server.push(...frames.slice(160));
    await program.committed(FRAMES);
    assert.equal(await program.stop(), 0);
    assert.equal(program.said("the lease was lost: the database lost committed batches"), 1);
    await onConnection(second.url, (sql) => assertFolded(sql, frames));
  }),
});

Deno.test({
  name: `a database that is read-only for a while is written again${MISSING}`,
  ignore: PROGRAMS === null,
  fn: async () => {
    if (PROGRAMS === null) return;
    const frames = numberedStream(11, FRAMES);
    await using cluster = await PrivateCluster.create(PROGRAMS);
    await using server = new ReplayServer({ pingMs: 0 });
    const setReadOnly = (value: string): Promise<void> =>
      onConnection(`${cluster.url}?options=-cdefault_transaction_read_only%3Doff`, async (sql) => {
        await sql.command(`alter database postgres set default_transaction_read_only = ${value}`);
        await sql.unsafe(`select pg_terminate_backend(pid) from pg_stat_activity
          where pid <> pg_backend_pid() and datname = 'postgres'`);
      });
    await using program = new Program({
      databaseUrl: cluster.url,
      streamUrl: server.url,
      env: { BATCH_MAX_EVENTS: "10" },
      random: () => 0.05,
    });
    server.push(...frames.slice(0, 100));
    await program.committed(100);
    await setReadOnly("on");
    server.push(...frames.slice(100));
    await program.until(() => program.log.some(({ code }) => code === "25006"), "it is read-only");
    // Its connections stay: whoever keeps one stays read-only.
    await onConnection(
      `${cluster.url}?options=-cdefault_transaction_read_only%3Doff`,
      (sql) => sql.command("alter database postgres set default_transaction_read_only = off"),
    );
    await program.committed(FRAMES);
    assert.equal(await program.stop(), 0);
    await onConnection(cluster.url, (sql) => assertFolded(sql, frames));
    assert.deepEqual(program.counts, countsAfter(frames));
  },
});

Deno.test({
  name:
    `a damaged index costs no record: nothing is rejected, and all is written once it is repaired${MISSING}`,
  ignore: PROGRAMS === null,
  fn: async () => {
    if (PROGRAMS === null) return;
    const frames = numberedStream(13, FRAMES);
    await using cluster = await PrivateCluster.create(PROGRAMS);
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({
      databaseUrl: cluster.url,
      streamUrl: server.url,
      env: { BATCH_MAX_EVENTS: "10" },
      random: () => 0.05,
    });
    server.push(...frames.slice(0, 100));
    await program.committed(100);
    const [index] = await onConnection(cluster.url, (sql) =>
      sql<{ name: string; path: string }[]>`
        select indexrelid::regclass::text as name, pg_relation_filepath(indexrelid) as path
        from pg_index where indrelid = 'scenes'::regclass and indisprimary`);
    await cluster.end("fast");
    const file = `${cluster.data}/${index?.path}`;
    await Deno.writeFile(file, new Uint8Array((await Deno.stat(file)).size).fill(0xa5));
    await cluster.start();
    server.push(...frames.slice(100));
    const damaged = /^(XX00[0-2]|58|55)/;
    await program.until(
      () => program.log.some(({ code }) => damaged.test(String(code))),
      "it is damaged",
    );
    await program.until(() =>
      program.log.filter(({ code }) => damaged.test(String(code))).length > 3
    );
    assert.deepEqual(
      await onConnection(
        cluster.url,
        (sql) => sql`select id from dead_letters where reason = 'database_refused'`,
      ),
      Object.assign([], { count: 0 }),
    );
    await onConnection(cluster.url, (sql) => sql.unsafe(`reindex index ${index?.name}`));
    await program.committed(FRAMES);
    assert.equal(await program.stop(), 0);
    await onConnection(cluster.url, (sql) => assertFolded(sql, frames));
    assert.deepEqual(program.counts, countsAfter(frames));
  },
});
