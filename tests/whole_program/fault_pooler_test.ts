import assert from "node:assert/strict";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import { sqlStateOf } from "../../lib/repository/connection/sqlstate.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { told } from "../support/command_output.ts";
import { Program } from "../support/crash/in_process.ts";
import { assertFolded, countsAfter, numberedStream } from "../support/crash/stream.ts";
import { databaseTest } from "../support/database.ts";
import { hasPooler, Pooler, type PoolerOptions } from "../support/faults/pooler.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { seeded } from "../support/fresh_seeds.ts";

const FRAMES = 240;
const MISSING = hasPooler() ? "" : " (no PgBouncer here)";
const ON_SERVER = { kinds: ["server"], ignore: !hasPooler() } as const;

/**
 * Limits that the neighbour leaves. No statement comes near them, also where the machine has other work: a limit
 * that its next user's `begin` exceeded would stay, whoever that is.
 */
const LEFT = "7777ms";
const LIMITS = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];

/** Notes the limits that a transaction of the program was under, other than its own. */
const WATCH = `create table limited (setting text);
  create function note_limits() returns trigger language plpgsql as $$ begin
    insert into public.limited select name from unnest('{${LIMITS}}'::text[]) as name
      where current_setting(name) = '${LEFT}';
    return new;
  end $$;
  create trigger note_limits before insert or update on records for each row
    execute function note_limits();
  create trigger note_limits before insert or update on indexer_state for each row
    execute function note_limits();`;

/** Another application in the pool: it keeps sessions busy, and leaves settings in them. */
class Neighbour implements AsyncDisposable {
  readonly #sql: Sql;
  readonly #running: Promise<void>;
  #stopped = false;
  statements = 0;

  constructor(url: string) {
    this.#sql = connect(`${url}&pgbouncer=true`, { max: 3, applicationName: "neighbour" });
    this.#running = Promise.all([0, 1, 2].map((at) => this.#work(at))).then(() => {});
  }

  async #work(at: number): Promise<void> {
    const left = [
      "set search_path = nowhere; set role pg_monitor",
      `reset role; ${LIMITS.map((name) => `set ${name} = '${LEFT}'`).join("; ")}`,
      "set timezone = 'Asia/Kolkata'",
      "set datestyle = 'German'; set extra_float_digits = -10",
      "set array_nulls = off; set standard_conforming_strings = off; set intervalstyle = iso_8601",
      "set default_transaction_isolation = 'serializable'",
    ];
    while (!this.#stopped) {
      // What fails was cut off by a fault of the test.
      await this.#sql.command(left[(this.statements + at) % left.length] ?? "").catch(() => {});
      await this.#sql`select ${at}::int`.catch(() => {});
      this.statements++;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
    terminate(this.#sql);
  }
}

interface PoolerRun {
  readonly pooler: PoolerOptions;
  readonly parameters: string;
  /** How many batches may fail. */
  readonly failures: number;
  readonly faults: boolean;
}

const runThrough = seeded(async (seed, url: string, sql: Sql, run: PoolerRun) => {
  const frames = numberedStream(seed, FRAMES);
  if (!run.faults) await sql.unsafe(WATCH);
  await using pooler = await Pooler.start(url, run.pooler);
  await using neighbour = new Neighbour(pooler.url);
  await using server = new ReplayServer({ pingMs: 0 });
  const env = { BATCH_MAX_EVENTS: "10" };
  const databaseUrl = `${pooler.url}${run.parameters}`;
  await using program = new Program({
    databaseUrl,
    streamUrl: server.url,
    env,
    random: () => 0.05,
  });
  const faults = run.faults ? ["RECONNECT", "PAUSE", "KILL"] : [];
  for (let at = 0; at < FRAMES; at += 40) {
    server.push(...frames.slice(at, at + 40));
    await program.until(() => program.cursor >= at + 30);
    const fault = faults[(at / 40) % 4];
    if (fault === undefined) continue;
    const database = new URL(url).pathname.slice(1);
    await pooler.command(fault === "KILL" ? `KILL ${database}` : fault);
    if (fault !== "RECONNECT") {
      await pooler.command(fault === "KILL" ? `RESUME ${database}` : "RESUME");
    }
  }
  await program.committed(FRAMES);
  assert.ok(neighbour.statements > 20, `the neighbour got ${neighbour.statements} statements`);
  const failed = program.log.filter(({ message }) => message === "cannot write a batch, retrying");
  assert.ok(failed.length <= run.failures, JSON.stringify(failed));
  const settings = {
    DATABASE_URL: databaseUrl,
    LOCATION_JITTER_SECRET: "a secret of the tests",
    METRICS_PORT: String(program.running.port),
  };
  for (const words of ["migrate", "status --json", "dead-letters list --json"]) {
    const { code, err } = await told(words.split(" "), { env: settings });
    assert.deepEqual([words, code, err], [words, 0, []]);
  }
  assert.equal(await program.stop(), 0);
  if (!run.faults) assert.deepEqual([...await sql`select distinct setting from limited`], []);
  await assertFolded(sql, frames);
  assert.deepEqual(program.counts, countsAfter(frames));
});

databaseTest(
  `through a pooler that forgets statements only one batch fails, and no setting leaks in${MISSING}`,
  ({ url, sql }) =>
    runThrough(url, sql, {
      pooler: { mode: "transaction", size: 2 },
      parameters: "",
      failures: 1,
      faults: false,
    }),
  ON_SERVER,
);

databaseTest(
  `with pgbouncer=true none fails${MISSING}`,
  ({ url, sql }) =>
    runThrough(url, sql, {
      pooler: { mode: "transaction", size: 2 },
      parameters: "&pgbouncer=true",
      failures: 0,
      faults: false,
    }),
  ON_SERVER,
);

databaseTest(
  `a pooler that reconnects, pauses and kills only costs time${MISSING}`,
  ({ url, sql }) =>
    runThrough(url, sql, {
      pooler: { mode: "transaction", size: 2 },
      parameters: "",
      failures: 20,
      faults: true,
    }),
  { ...ON_SERVER, content: "empty" },
);

databaseTest(
  `a pooler in session mode makes no difference${MISSING}`,
  ({ url, sql }) =>
    runThrough(url, sql, {
      pooler: { mode: "session", size: 12 },
      parameters: "",
      failures: 0,
      faults: false,
    }),
  ON_SERVER,
);

databaseTest(
  `ten prepared statements that are lost at once each fail, and none the next time${MISSING}`,
  async ({ url }) => {
    const sql = connect(url, { max: 1, applicationName: "tests" });
    const ask = (): Promise<unknown> =>
      sql.begin((tx) =>
        Promise.all(Array.from({ length: 10 }, (_, n) =>
          tx.unsafe(
            `select ${n} + $1::int`,
            [n],
            { prepare: true },
          )))
      );
    await ask();
    await sql.unsafe("deallocate all");
    await assert.rejects(ask, (error) => sqlStateOf(error) === "26000");
    await ask();
    terminate(sql);
  },
  { kinds: ["server"] },
);
