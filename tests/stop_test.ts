import assert from "node:assert/strict";
import { Spawned } from "./crash/spawned.ts";
import { assertFolded, numberedStream } from "./crash/stream.ts";
import { databaseTest, type DatabaseTestOptions } from "./database.ts";
import { DatabaseProxy } from "./faults/database_proxy.ts";
import { ReplayServer } from "./jetstream/replay_server.ts";
import { ScriptedServer } from "./jetstream/server.ts";

const ON_SERVER: DatabaseTestOptions = { kinds: ["server"] };
const SEED = Number(Deno.env.get("CRASH_SEED") ?? Date.now() % 1_000_000_000);

/** What is promised for the stop, with the time that the machine takes to notice. */
const STOP_MS = 10_000;

const MAIN = new URL("../main.ts", import.meta.url).pathname;

/** The executable with its permissions, and what it logs. */
class Executable {
  readonly process: Spawned;
  readonly #messages: string[] = [];
  #wake = (): void => {};

  constructor(databaseUrl: string, streamUrl: string, env: Readonly<Record<string, string>> = {}) {
    const settings = {
      DATABASE_URL: databaseUrl,
      JETSTREAM_URL: streamUrl,
      JETSTREAM_COMPRESS: "false",
      START_FROM: "0",
      LOCATION_JITTER_SECRET: "a secret of the tests",
      HTTP_HOST: "127.0.0.1",
      METRICS_PORT: "0",
      ...env,
    };
    const permissions = ["--allow-net", "--allow-env"];
    this.process = new Spawned([...permissions, MAIN, "run"], settings, (line) => {
      this.#messages.push(JSON.parse(line).message);
      this.#wake();
    });
  }

  /** Resolves when it has logged this; rejects when it ends before. */
  async logged(message: string): Promise<void> {
    const ended = this.process.done.then(({ lastLines }) => {
      if (this.#messages.includes(message)) return;
      throw new Error(`it ended before it said: ${message}\n${lastLines.join("\n")}`);
    });
    while (!this.#messages.includes(message)) {
      await Promise.race([ended, new Promise<void>((resolve) => this.#wake = resolve)]);
    }
  }

  /** Asks it to stop, and asserts that it does so in time and in order. Returns its last lines. */
  async stops(signal: Deno.Signal = "SIGTERM"): Promise<string> {
    const startedAt = performance.now();
    this.process.signal(signal);
    const { code, signal: killedBy, lastLines } = await this.process.done;
    const tookMs = performance.now() - startedAt;
    assert.deepEqual({ code, killedBy }, { code: 0, killedBy: null }, lastLines.join("\n"));
    assert.ok(tookMs < STOP_MS, `it took ${tookMs} ms\n${lastLines.join("\n")}`);
    return lastLines.join("\n");
  }
}

databaseTest("SIGTERM and SIGINT end a quiet stream with 0", async ({ url }) => {
  await using server = new ReplayServer();
  await Promise.all((["SIGTERM", "SIGINT"] as const).map(async (signal) => {
    const executable = new Executable(url, server.url, { CONSUMER_NAME: signal });
    await executable.logged("connected");
    await executable.stops(signal);
  }));
}, ON_SERVER);

databaseTest("SIGTERM under load writes what was read, and a restart loses nothing", async (db) => {
  const frames = numberedStream(SEED, 3_000);
  await using server = new ReplayServer({ pingMs: 0 });
  server.push(...frames);
  const cursors: number[] = [];
  while (cursors.at(-1) !== frames.length) {
    assert.ok(cursors.length < 10, `it gets nowhere: ${cursors}`);
    const executable = new Executable(db.url, server.url, { BATCH_MAX_EVENTS: "50" });
    await executable.logged("connected");
    if (cursors.length === 3) await until(async () => await cursorOf(db.sql) === frames.length);
    await executable.stops();
    cursors.push(await cursorOf(db.sql));
  }
  await assertFolded(db.sql, frames);
}, ON_SERVER);

databaseTest(
  "SIGTERM ends with 0 whatever hangs, and a second one ends with 1",
  async ({ url }) => {
    await using server = new ReplayServer({ pingMs: 0 });
    await using silentServer = new ScriptedServer([() => new Promise(() => {})]);
    await using hanging = DatabaseProxy.start(url);
    await using refusing = DatabaseProxy.start(url);
    await using working = DatabaseProxy.start(url);
    await using workingToo = DatabaseProxy.start(url);
    const whileStarting = hanging.hang().fired;
    const away = refusing.refuse().fired;
    server.push(...numberedStream(SEED, 500));

    await Promise.all([
      // The database takes the connection, and says nothing.
      (async () => {
        const executable = new Executable(hanging.url, server.url);
        await whileStarting;
        await executable.stops();
      })(),
      // The database can't be reached.
      (async () => {
        const executable = new Executable(refusing.url, server.url);
        await away;
        await executable.logged("cannot prepare the database, trying again");
        await executable.stops();
      })(),
      // The stream's server takes the connection, and says nothing.
      (async () => {
        const executable = new Executable(url, silentServer.url(), { CONSUMER_NAME: "silent" });
        await executable.logged("starting");
        await silentServer.connections(1);
        await executable.stops();
      })(),
      // The stream's server can't be reached.
      (async () => {
        const executable = new Executable(url, "ws://127.0.0.1:9/subscribe", {
          CONSUMER_NAME: "no",
        });
        await executable.logged("cannot read the stream, trying again");
        await executable.stops();
      })(),
      // The database stops to answer on a quiet stream.
      (async () => {
        const executable = new Executable(working.url, server.url, {
          CONSUMER_NAME: "quiet",
          START_FROM: "live",
        });
        await executable.logged("connected");
        working.hang();
        await executable.stops();
      })(),
      // The database stops to answer in the middle of a batch; what is left is told.
      (async () => {
        const executable = new Executable(workingToo.url, server.url, {
          CONSUMER_NAME: "loaded",
          BATCH_MAX_EVENTS: "10",
        });
        await executable.logged("connected");
        await workingToo.hang().fired;
        assert.match(await executable.stops(), /cannot write the last \d+ events in time/);
      })(),
      // The same, and who asks is impatient.
      (async () => {
        await using proxy = DatabaseProxy.start(url);
        const executable = new Executable(proxy.url, server.url, { CONSUMER_NAME: "impatient" });
        await executable.logged("connected");
        await proxy.hang().fired;
        executable.process.signal("SIGTERM");
        await executable.logged("stopping");
        const startedAt = performance.now();
        executable.process.signal("SIGTERM");
        const { code } = await executable.process.done;
        assert.equal(code, 1);
        assert.ok(performance.now() - startedAt < 2_000);
      })(),
    ]);
  },
  ON_SERVER,
);

async function cursorOf(sql: import("postgres").Sql): Promise<number> {
  const [row] = await sql<{ cursor: number }[]>`select cursor::float8 as cursor from indexer_state`;
  return row?.cursor ?? 0;
}

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!await met()) await new Promise((resolve) => setTimeout(resolve, 50));
}
