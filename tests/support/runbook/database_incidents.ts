/** Faults of the database. */

import assert from "node:assert/strict";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { hastyClock } from "../crash/hasty_clock.ts";
import { refuseRows } from "../crash/refusing.ts";
import { DatabaseProxy } from "../faults/database_proxy.ts";
import { ReplayServer } from "../jetstream/replay_server.ts";
import { type Incident, metric, type Scene } from "./incident.ts";

/** A session that somebody forgot, holding a table. Its process id. */
async function forget(url: string, table: string): Promise<{ pid: number } & AsyncDisposable> {
  const sql = connect(url, { max: 1, applicationName: "nightly job" });
  const locked = Promise.withResolvers<number>();
  const released = Promise.withResolvers<void>();
  const held = sql.begin(async (tx) => {
    const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await tx.unsafe(`lock table ${table} in access exclusive mode`);
    locked.resolve(row?.pid ?? 0);
    await released.promise;
  });
  held.catch(locked.reject);
  return {
    pid: await locked.promise,
    async [Symbol.asyncDispose](): Promise<void> {
      released.resolve();
      // It may have been ended meanwhile.
      await held.catch(() => {});
      await terminate(sql);
    },
  };
}

/** Events arrive and nothing is written, with a clock that runs 200 times as fast, and a small queue. */
async function pausedByALock(
  scene: Scene,
  looks: (program: ReturnType<Scene["program"]>) => Promise<void>,
): Promise<void> {
  await using server = new ReplayServer({ pingMs: 0 });
  await using program = scene.program({
    streamUrl: server.url,
    clock: hastyClock(200),
    env: { QUEUE_PAUSE_AT: "10", QUEUE_RESUME_AT: "5", QUEUE_MAX: "20", STREAM_QUIET_MS: "0" },
  });
  await program.committed(server.push(scene.events.put("alice/scene/s")));
  {
    await using _ = await forget(scene.url, "scenes");
    for (let n = 0; n < 60; n++) server.push(scene.events.put(`alice/scene/s${n}`));
    await looks(program);
  }
  await program.committed(server.nextSeq - 1);
}

export const DATABASE_INCIDENTS: readonly Incident[] = [
  {
    alert: "IndexerBackpressure",
    happens: (scene) =>
      pausedByALock(scene, async (program) => {
        await metric(program, "indexer_paused_seconds", "", (seconds) => seconds > 30);
        await scene.clueOf("blocked", "status", program);
      }),
  },
  {
    alert: "IndexerCursorStalled",
    happens: (scene) =>
      pausedByALock(scene, async (program) => {
        await metric(program, "indexer_cursor_age_seconds", "", (seconds) => seconds > 300);
        await metric(program, "indexer_pending_messages", "", (count) => count > 0);
        await scene.clueOf("blocked", "status", program);
      }),
  },
  {
    alert: "IndexerPausingOften",
    async happens(scene): Promise<void> {
      // The database keeps up, barely: each of its transactions takes a while.
      await scene.sql`create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.2); return null; end $$`;
      await scene.sql`create trigger slow after insert on scenes execute function slow()`;
      await using server = new ReplayServer({ pingMs: 0 });
      await using program = scene.program({
        streamUrl: server.url,
        env: {
          QUEUE_PAUSE_AT: "10",
          QUEUE_RESUME_AT: "5",
          QUEUE_MAX: "20",
          BATCH_MAX_EVENTS: "10",
        },
      });
      const startedAt = performance.now();
      for (let n = 0; n < 150; n++) server.push(scene.events.put(`alice/scene/s${n}`));
      await program.committed(server.nextSeq - 1);
      const half = (performance.now() - startedAt) / 2_000;
      const name = "indexer_backpressure_pause_duration_seconds_sum";
      await metric(program, name, "", (seconds) => seconds > half);
      await metric(program, "indexer_backpressure_paused_total", "", (count) => count > 1);
      await metric(program, "indexer_paused", "", (value) => value === 0);
    },
  },
  {
    alert: "IndexerDatabaseBlocked",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      await using program = scene.program({ streamUrl: server.url });
      await program.committed(server.push(scene.events.put("alice/scene/s")));
      await using holder = await forget(scene.url, "scenes");
      const last = server.push(scene.events.put("alice/scene/t"));
      await metric(program, "indexer_database_blocked", "", (value) => value === 1);
      await program.until(() => program.said("waiting for a lock in the database") > 0);
      scene.clue("waiting for a lock", program.log);
      const status = await scene.command("status", program);
      assert.match(status, new RegExp(`${holder.pid}.*nightly job`));
      const beginning = "select pid, usename, application_name";
      // This one began just now.
      const sessions = await scene.statement(beginning, ["'10 seconds'", "'0 seconds'"]);
      assert.ok(
        sessions.some(({ pid, application_name: name }) =>
          pid === holder.pid && name === "nightly job"
        ),
        JSON.stringify(sessions),
      );
      scene.clue("idle in transaction", sessions);
      scene.clue("pg_terminate_backend", "select pg_terminate_backend");
      await scene.sql`select pg_terminate_backend(${holder.pid})`;
      await program.committed(last);
    },
  },
  {
    alert: "IndexerDatabaseAway",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      await using proxy = DatabaseProxy.start(scene.url);
      await using program = scene.program({ databaseUrl: proxy.url, streamUrl: server.url });
      await program.committed(server.push(scene.events.put("alice/scene/s")));
      proxy.refuse();
      await metric(program, "indexer_database_up", "", (value) => value === 0);
      const away = await scene.command("check", null, { DATABASE_URL: proxy.url });
      assert.match(away, /database: .*cannot connect to the database/);
      const wrong = new URL(scene.url);
      wrong.username = "nobody_of_that_name";
      wrong.password = crypto.randomUUID();
      const said = await scene.command("check", null, { DATABASE_URL: wrong.href });
      assert.match(said, /wrong user or password|role "nobody_of_that_name" does not exist/);
      proxy.heal();
      await program.committed(server.push(scene.events.put("alice/scene/t")));
    },
  },
  {
    alert: "IndexerDatabaseRefusing",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      await using program = scene.program({ streamUrl: server.url });
      await program.committed(server.push(scene.events.put("alice/scene/s")));
      for (
        const [sqlState, word] of [["53100", "disk full"], ["42501", "no privilege"]] as const
      ) {
        const mend = await refuseRows(scene.sql, { table: "scenes", when: "true", sqlState });
        const last = server.push(scene.events.put("alice/scene/t"));
        const labels = `sqlstate_class="${sqlState.slice(0, 2)}"`;
        await metric(program, "indexer_commit_failures_total", labels, (count) => count > 0);
        const status = await scene.command("status", program);
        assert.ok(status.includes(sqlState), status);
        scene.clue(`| ${sqlState.slice(0, 2)} |`, `| ${sqlState.slice(0, 2)} |`);
        scene.clue(word, word);
        await mend();
        await program.committed(last);
      }
    },
  },
  {
    alert: "IndexerRecordsRefusedByDatabase",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      await using program = scene.program({ streamUrl: server.url });
      await scene.sql`alter table scenes add constraint by_hand check (name <> 'Odd')`;
      await program.committed(server.push(scene.events.put("alice/scene/s", { name: "Odd" })));
      const labels = 'reason="database_refused"';
      await metric(program, "indexer_dead_letters_total", labels, (count) => count === 1);
      const list = await scene.command("dead-letters list --reason database_refused", program);
      assert.match(list, /app\.subcult\.scene/);
      await scene.sql`alter table scenes drop constraint by_hand`;
      const retried = await scene.command(
        "dead-letters retry --reason database_refused",
        program,
      );
      assert.match(retried, /tried 1, resolved 1/);
    },
  },
];
