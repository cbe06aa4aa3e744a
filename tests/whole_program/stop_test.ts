import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { settings } from "../support/crash/settings.ts";
import { Spawned } from "../support/crash/spawned.ts";
import { assertFolded, numberedStream } from "../support/crash/stream.ts";
import { databaseTest, type DatabaseTestOptions, type TestDatabase } from "../support/database.ts";
import { DatabaseProxy } from "../support/faults/database_proxy.ts";
import { seeded } from "../support/fresh_seeds.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { until, within } from "../support/within.ts";

const ON_SERVER: DatabaseTestOptions = { kinds: ["server"] };

/** The promised time for a stop, plus the delay of the machine. */
const STOP_MS = 10_000;

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** The executable with its permissions, and what it logs. */
class Executable implements AsyncDisposable {
  readonly process: Spawned;
  readonly #lines: { readonly message: string; readonly port?: number }[] = [];
  #wake = (): void => {};

  constructor(databaseUrl: string, streamUrl: string, env: Readonly<Record<string, string>> = {}) {
    const args = ["--allow-net", "--allow-env", MAIN, "run"];
    this.process = new Spawned(args, settings(databaseUrl, streamUrl, env), (line) => {
      this.#lines.push(JSON.parse(line));
      this.#wake();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }

  /** Resolves when it has logged this; rejects when it ends before. */
  async logged(message: string): Promise<void> {
    const ended = this.process.done.then(({ lastLines }) => {
      if (this.#said(message)) return;
      throw new Error(`it ended before it said: ${message}\n${lastLines.join("\n")}`);
    });
    while (!this.#said(message)) {
      const next = new Promise<void>((resolve) => this.#wake = resolve);
      await within(
        Promise.race([ended, next]),
        `a line of the log after which it says: ${message}`,
        {
          limitMs: 120_000,
        },
      );
    }
  }

  /** Resolves when it has received events of the stream. */
  async receives(): Promise<void> {
    const { port } = this.#lines.find(({ message }) => message === "listening") ?? {};
    await until(async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return /^indexer_received_bytes_total [1-9]/m.test(metrics);
    }, "events that it receives");
  }

  #said(message: string): boolean {
    return this.#lines.some((line) => line.message === message);
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
    await using executable = new Executable(url, server.url, { CONSUMER_NAME: signal });
    await executable.logged("connected");
    await executable.stops(signal);
  }));
}, ON_SERVER);

databaseTest(
  "I-03 SIGTERM under load writes what was read, and a restart loses nothing",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed, 3_000);
    await using server = new ReplayServer({ pingMs: 0 });
    server.push(...frames);
    const cursors: number[] = [];
    while (cursors.at(-1) !== frames.length) {
      assert.ok(cursors.length < 10, `it gets nowhere: ${cursors}`);
      await using executable = new Executable(db.url, server.url, { BATCH_MAX_EVENTS: "50" });
      await executable.logged("connected");
      if (cursors.length === 3) {
        await untilMet(async () => await cursorOf(db.sql) === frames.length);
      }
      await executable.stops();
      cursors.push(await cursorOf(db.sql));
    }
    await assertFolded(db.sql, frames);
  }),
  ON_SERVER,
);

/** Hanging peers while the program is asked to stop. All run in parallel, because they mostly wait. */
const HANGS: readonly ((url: string, stream: ReplayServer) => Promise<void>)[] = [
  async function theDatabaseTakesTheConnectionAndSaysNothing(url, stream): Promise<void> {
    await using proxy = DatabaseProxy.start(url);
    const hanging = proxy.hang();
    await using executable = new Executable(proxy.url, stream.url);
    await within(hanging.fired, "data that the fault can hit", { limitMs: 60_000 });
    await executable.stops();
  },

  async function theDatabaseCannotBeReached(url, stream): Promise<void> {
    await using proxy = DatabaseProxy.start(url);
    proxy.refuse();
    await using executable = new Executable(proxy.url, stream.url);
    await executable.logged("cannot prepare the database, retrying");
    await executable.stops();
  },

  async function theServerOfTheStreamTakesTheConnectionAndSaysNothing(url): Promise<void> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `ws://127.0.0.1:${listener.addr.port}/subscribe`;
    await using executable = new Executable(url, address, { CONSUMER_NAME: "silent" });
    using _connection = await listener.accept();
    await executable.stops();
  },

  async function theServerOfTheStreamCannotBeReached(url): Promise<void> {
    const address = "ws://127.0.0.1:9/subscribe";
    await using executable = new Executable(url, address, { CONSUMER_NAME: "unreached" });
    await executable.logged("cannot read the stream, retrying");
    await executable.stops();
  },

  async function theDatabaseFallsSilentOnAQuietStream(url, stream): Promise<void> {
    await using proxy = DatabaseProxy.start(url);
    const quiet = { CONSUMER_NAME: "quiet", START_FROM: "live" };
    await using executable = new Executable(proxy.url, stream.url, quiet);
    await executable.logged("connected");
    proxy.hang();
    await executable.stops();
  },

  async function theDatabaseFallsSilentUnderLoad(url): Promise<void> {
    await unableToWrite(url, "loaded", async (executable) => {
      assert.match(await executable.stops(), /cannot write the last \d+ events in time/);
    });
  },

  async function whoAsksIsImpatient(url): Promise<void> {
    await unableToWrite(url, "impatient", async (executable) => {
      executable.process.signal("SIGTERM");
      await executable.logged("stopping");
      const startedAt = performance.now();
      executable.process.signal("SIGTERM");
      const { code } = await executable.process.done;
      assert.equal(code, 1);
      assert.ok(performance.now() - startedAt < 2_000);
    });
  },
];

/** Runs the executable, which has received events since its database fell silent. */
async function unableToWrite(
  url: string,
  consumer: string,
  stop: (executable: Executable) => Promise<void>,
): Promise<void> {
  await using stream = new ReplayServer({ pingMs: 0 });
  await using proxy = DatabaseProxy.start(url);
  await using executable = new Executable(proxy.url, stream.url, { CONSUMER_NAME: consumer });
  await executable.logged("connected");
  proxy.hang();
  stream.push(...numberedStream(1, 500));
  await executable.receives();
  await stop(executable);
}

const hangs = seeded(async (seed, { url }: TestDatabase) => {
  await using stream = new ReplayServer({ pingMs: 0 });
  stream.push(...numberedStream(seed, 500));
  const results = await Promise.allSettled(HANGS.map((hang) => hang(url, stream)));
  const failures = results.flatMap((result, index) =>
    result.status === "rejected" ? [`${HANGS[index]?.name}: ${result.reason}`] : []
  );
  assert.deepEqual(failures, []);
});

databaseTest("SIGTERM ends with 0 whatever hangs, a second one at once with 1", hangs, ON_SERVER);

async function cursorOf(sql: Sql): Promise<number> {
  const [row] = await sql<{ cursor: number }[]>`select cursor::float8 as cursor from indexer_state`;
  return row?.cursor ?? 0;
}

function untilMet(met: () => Promise<boolean>): Promise<void> {
  return until(met, `${met}`, { limitMs: 60_000 });
}
