/** Several instances of one consumer: one writes, the others wait to take over, and nothing is written twice. */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { resize } from "../../lib/repository/batch/partition_count.ts";
import { Program } from "../support/crash/in_process.ts";
import { settings } from "../support/crash/settings.ts";
import { type Planned, spawnPlanned } from "../support/crash/spawned.ts";
import { refuseRows } from "../support/crash/refusing.ts";
import { assertFolded, numberedStream } from "../support/crash/stream.ts";
import { databaseTest } from "../support/database.ts";
import { DatabaseProxy } from "../support/faults/database_proxy.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { until } from "../support/within.ts";
import { seeded } from "../support/fresh_seeds.ts";

const SHORT_LEASE = { LEASE_MS: "1000" };
const STANDING_BY = "standing by: another instance leads";
const LOST = "the lease was lost: another instance leads";

/** Longer than any successful wait of a test. */
const HANG_MS = 60_000;

/** An instance in this process that leads, or that has found out that it doesn't. */
async function started(program: Program): Promise<Program> {
  await program.until(() => program.said("connected") + program.said(STANDING_BY) > 0);
  return program;
}

async function epochOf(sql: Sql): Promise<number> {
  const [row] = await sql<{ epoch: number }[]>`select epoch::float8 as epoch from indexer_state`;
  return row?.epoch ?? 0;
}

async function committed(sql: Sql, cursor: number): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const [row] = await sql<
      { cursor: number }[]
    >`select cursor::float8 as cursor from indexer_state`;
    return (row?.cursor ?? 0) >= cursor;
  };
  await until(isThere, `the commit of position ${cursor}`, { limitMs: HANG_MS });
}

async function readyOf(program: Program): Promise<{ status: number; reasons: string[] }> {
  const response = await program.fetch("/ready");
  const { reasons = [] }: { reasons?: { code: string }[] } = await response.json();
  return { status: response.status, reasons: reasons.map(({ code }) => code) };
}

databaseTest(
  "of two instances one leads; the other is ready, says so, and has no connection",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed, 100);
    await using server = new ReplayServer({ pingMs: 0 });
    const at = { databaseUrl: db.url, streamUrl: server.url };
    await using leader = await started(new Program(at));
    await using standby = await started(new Program(at));
    assert.deepEqual([leader.said(STANDING_BY), standby.said(STANDING_BY)], [0, 1]);
    server.push(...frames);
    await leader.committed(100);
    assert.equal(standby.said("connected"), 0);
    assert.equal(standby.counts.applied, 0);
    assert.deepEqual(await (await standby.fetch("/ready")).json(), {
      status: "ready",
      standby: true,
    });
    const series = 'indexer_leader{consumer="default",partition="0"}';
    assert.deepEqual([await leader.metric(series), await standby.metric(series)], [1, 0]);
    assert.equal(await standby.metric("indexer_processing_lag_seconds"), 0);
    await assertFolded(db.sql, frames);
  }),
);

databaseTest(
  "when the leader is stopped, the standby resumes where it ended",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed, 200);
    await using server = new ReplayServer({ pingMs: 0 });
    const at = { databaseUrl: db.url, streamUrl: server.url };
    await using leader = await started(new Program(at));
    await using standby = await started(new Program(at));
    server.push(...frames.slice(0, 100));
    await leader.committed(100);
    assert.equal(await leader.stop(), 0);
    server.push(...frames.slice(100));
    await standby.committed(200);
    assert.equal(await epochOf(db.sql), 2);
    assert.equal(await standby.metric('indexer_leader{consumer="default",partition="0"}'), 1);
    await assertFolded(db.sql, frames);
  }),
);

databaseTest(
  "a leader that loses the lease while its queue is full waits for nothing afterwards, and can lead again",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed, 300);
    await using server = new ReplayServer({ pingMs: 0 });
    await using proxy = DatabaseProxy.start(db.url);
    let hung = false;
    const queue = { QUEUE_PAUSE_AT: "20", QUEUE_RESUME_AT: "5", BATCH_MAX_EVENTS: "10" };
    await using leader = await started(
      new Program({
        databaseUrl: proxy.url,
        streamUrl: server.url,
        env: { ...SHORT_LEASE, ...queue },
        statementTimeoutMs: 2_000,
        faultPoint: (name) => {
          if (name === "batch_loaded" && !hung) {
            hung = true;
            proxy.hang();
          }
        },
      }),
    );
    await using standby = await started(
      new Program({ databaseUrl: db.url, streamUrl: server.url, env: SHORT_LEASE }),
    );
    server.push(...frames.slice(0, 200));
    await leader.until(() => hung, "the leader is cut off");
    await standby.committed(200);
    assert.equal(await leader.metric("indexer_paused"), 1);
    const { telemetry } = leader.running;
    telemetry.noticed("quiet_stream");
    telemetry.stream.clockDiffers(90_000);
    telemetry.batches.failed("25006");
    proxy.heal();
    await leader.until(() => leader.said(STANDING_BY) > 0);
    await until(async () => (await readyOf(leader)).status === 200, "the standby is ready");
    for (
      const gauge of [
        "pending_messages",
        "queue_bytes",
        "oldest_waiting_seconds",
        "paused",
        "paused_seconds",
      ]
    ) {
      assert.equal(await leader.metric(`indexer_${gauge}`), 0, gauge);
    }
    const pauses = await leader.metric("indexer_backpressure_paused_total");
    assert.equal(await leader.metric("indexer_backpressure_resumed_total"), pauses);

    await standby.stop();
    await leader.until(() => leader.said("connected") > 1);
    server.push(...frames.slice(200));
    await leader.committed(300);
    assert.equal(await leader.metric("indexer_paused"), 0);
    assert.notEqual(telemetry.facts.reading.sinceMs, null);
    await assertFolded(db.sql, frames);
  }),
  { kinds: ["server"] },
);

databaseTest(
  "a leader that is disconnected within a batch commits nothing after the takeover, and becomes a standby",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed, 200);
    await using server = new ReplayServer({ pingMs: 0 });
    await using proxy = DatabaseProxy.start(db.url);
    let hung = false;
    await using leader = await started(
      new Program({
        databaseUrl: proxy.url,
        streamUrl: server.url,
        env: SHORT_LEASE,
        statementTimeoutMs: 2_000,
        faultPoint: (name) => {
          if (name === "batch_loaded" && !hung) {
            hung = true;
            proxy.hang();
          }
        },
      }),
    );
    await using standby = await started(
      new Program({ databaseUrl: db.url, streamUrl: server.url, env: SHORT_LEASE }),
    );
    server.push(...frames);
    await leader.until(() => hung, "the leader is cut off");
    await standby.committed(200);
    proxy.heal();
    await leader.until(() => leader.said(LOST) > 0);
    await leader.until(() => leader.said(STANDING_BY) > 0);
    assert.equal(leader.counts.applied, 0);
    assert.equal(await epochOf(db.sql), 2);
    await assertFolded(db.sql, frames);
  }),
  { kinds: ["server"] },
);

databaseTest(
  "a leader that is killed, or suspended and resumed, is replaced, and writes nothing afterwards",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed, 300);
    await using server = new ReplayServer({ pingMs: 0 });
    const env = settings(db.url, server.url, { ...SHORT_LEASE, BATCH_MAX_EVENTS: "7" });
    const spawn = (): Planned => spawnPlanned({ kill: null, stop: null, haste: 1, env });
    server.push(...frames.slice(0, 100));
    await using first = spawn();
    await committed(db.sql, 100);
    await using second = spawn();
    first.signal("SIGKILL");
    server.push(...frames.slice(100, 200));
    await committed(db.sql, 200);
    assert.equal(await epochOf(db.sql), 2);

    second.signal("SIGSTOP");
    await using third = spawn();
    server.push(...frames.slice(200));
    await committed(db.sql, 300);
    assert.equal(await epochOf(db.sql), 3);
    second.signal("SIGCONT");
    third.signal("SIGTERM");
    assert.equal((await third.done).code, 0);
    // It takes over again, now that nobody else leads: by a new lease, not by its old one.
    const leadsAgain = async (): Promise<boolean> => await epochOf(db.sql) >= 4;
    await until(leadsAgain, "the woken instance leads again", { limitMs: HANG_MS });
    second.signal("SIGTERM");
    const { code, lastLines } = await second.done;
    assert.equal(code, 0);
    assert.ok(lastLines.some((line) => line.includes(LOST)), lastLines.join("\n"));
    await assertFolded(db.sql, frames);
  }),
  { kinds: ["server"] },
);

databaseTest(
  "a standby that began while the database was read-only is ready once it is not",
  async ({ sql, url }) => {
    await using server = new ReplayServer({ pingMs: 0 });
    await using _leader = await started(new Program({ databaseUrl: url, streamUrl: server.url }));
    const [row] = await sql<{ name: string }[]>`select current_database() as name`;
    await sql.unsafe(`alter database "${row?.name}" set default_transaction_read_only = on`);
    await using standby = new Program({ databaseUrl: url, streamUrl: server.url });
    await standby.until(() => standby.said("cannot prepare the database, retrying") > 0);
    assert.equal(await standby.metric("indexer_database_refusing"), 1);
    await sql.begin(async (tx) => {
      await tx`set transaction read write`;
      await tx.unsafe(`alter database "${row?.name}" reset default_transaction_read_only`);
    });
    await started(standby);
    assert.equal(await standby.metric("indexer_database_refusing"), 0);
    assert.equal((await readyOf(standby)).status, 200);
  },
  { kinds: ["server"] },
);

databaseTest(
  "an instance whose claims the database rejects is no standby that could take over",
  async ({ sql, url }) => {
    await using server = new ReplayServer({ pingMs: 0 });
    const at = { databaseUrl: url, streamUrl: server.url, env: { PARTITIONS: "2" } };
    {
      await using _ = await started(new Program(at));
    }
    const accept = await refuseRows(sql, { table: "instances", when: "true", sqlState: "42501" });
    await using program = new Program(at);
    await program.until(() => program.said("cannot claim the lease, retrying") > 1);
    const { status, reasons } = await readyOf(program);
    assert.deepEqual([status, reasons], [503, ["starting", "database_refusing", "not_connected"]]);
    await accept();
    await started(program);
    await until(async () => (await readyOf(program)).status === 200, "it is ready");
    assert.equal(await program.metric("indexer_database_refusing"), 0);
  },
  { kinds: ["server"] },
);

databaseTest(
  "the number of partitions is changed on a quiet stream: no instance ends or reports a removed one",
  async ({ sql, url }) => {
    await using server = new ReplayServer({ pingMs: 0 });
    const at = { databaseUrl: url, streamUrl: server.url, env: { PARTITIONS: "2" } };
    await using one = new Program(at);
    await using other = new Program(at);
    const programs = [one, other];
    const sharing = async (): Promise<boolean> =>
      (await sql`select 1 from indexer_state where lease_until > clock_timestamp()
        group by holder`).length === 2;
    await until(sharing, "each holds one partition", { limitMs: HANG_MS });
    await resize(sql, 1);
    for (const program of programs) {
      await program.until(() => program.said("the number of partitions was changed") > 0);
    }
    await Promise.any(
      programs.map((program) => program.until(() => program.said(STANDING_BY) > 0)),
    );
    for (const program of programs) {
      const isGone = async (): Promise<boolean> =>
        await program.metric('indexer_leader{consumer="default",partition="1"}') === null;
      await until(isGone, "the series of the removed partition is gone", { limitMs: 20_000 });
    }
  },
  { kinds: ["server"] },
);
