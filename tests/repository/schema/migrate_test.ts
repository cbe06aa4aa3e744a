import { PGlite } from "@electric-sql/pglite";
import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { checkDatabase } from "../../../lib/repository/schema/check_database.ts";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { serve } from "../../../lib/repository/embedded/server.ts";
import { Session } from "../../../lib/repository/embedded/session.ts";
import { concat, startupMessage } from "../../../lib/repository/embedded/wire.ts";
import { isMigrated, migrate, MigrationError } from "../../../lib/repository/schema/migrate.ts";
import { MIGRATIONS } from "../../../lib/repository/schema/migrations.ts";
import { databaseTest, type TestDatabase } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents } from "../../support/sample_events.ts";

const ALL = MIGRATIONS.map(({ version }) => version);
const EMPTY = { content: "empty" } as const;
const ON_SERVER = { content: "empty", kinds: ["server"] } as const;

/** Names of what was made in the public schema, less what belongs to an extension. */
async function made(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname::text as name from pg_class as c
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S')
      and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
    union all select proname::text from pg_proc as p
    where pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend where objid = p.oid and deptype = 'e')`;
  return rows.map(({ name }) => name);
}

async function message(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(() => null, (error) => error);
  assert.ok(error instanceof MigrationError, String(error));
  return error.message;
}

databaseTest("an empty database gets all migrations, and the next start none", async ({ sql }) => {
  assert.equal(await isMigrated(sql), false);
  assert.deepEqual(await migrate(sql), ALL);
  assert.equal(await isMigrated(sql), true);
  assert.deepEqual(await migrate(sql), []);
}, EMPTY);

Deno.test("every migration of the folder is compiled in, by its number and name", async () => {
  const folder = new URL("../../../migrations/", import.meta.url);
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) files.push(name);
  const compiled = MIGRATIONS.map(({ version, name }) =>
    `${String(version).padStart(4, "0")}_${name}.sql`
  );
  assert.deepEqual(files.toSorted(), compiled);
  for (const [index, { sql }] of MIGRATIONS.entries()) {
    assert.equal(sql, await Deno.readTextFile(new URL(compiled[index] ?? "", folder)));
  }
});

databaseTest(
  "the index that every batch uses has no pending list",
  async ({ sql }) => {
    const [index] = await sql<{ options: string }[]>`
      select array_to_string(reloptions, ',') as options from pg_class
      where oid = 'idx_records_loose_references'::regclass`;
    assert.equal(index?.options, "fastupdate=off");
  },
);

databaseTest("instances that start at once apply each migration once", async ({ sql, url }) => {
  const instances = Array.from(
    { length: 6 },
    () => connect(url, { max: 1, applicationName: "tests" }),
  );
  try {
    const applied = await Promise.all(instances.map((instance) => migrate(instance)));
    assert.deepEqual(applied.flat(), ALL);
    const rows = await sql<{ version: number }[]>`select version from schema_migrations`;
    assert.deepEqual(rows.map(({ version }) => version), ALL);
  } finally {
    await Promise.all(instances.map(terminate));
  }
}, EMPTY);

databaseTest("an applied migration that was edited is an error that names it", async ({ sql }) => {
  const edited = MIGRATIONS.map((migration) =>
    migration.version === 2 ? { ...migration, sql: `${migration.sql}\n-- edited` } : migration
  );
  const said = await message(migrate(sql, { migrations: edited }));
  assert.match(said, /migration 2 \(product_tables\) was edited after it was applied/);
  assert.deepEqual(await migrate(sql), []);
});

databaseTest("a database of a newer program is an error that says so", async ({ sql }) => {
  await sql`insert into schema_migrations (version, name, checksum) values (99, 'future', 'x')`;
  const said = await message(migrate(sql));
  assert.match(said, /migration 99 \(future\) is newer than this program, which knows \d+/);
});

databaseTest("a migration that fails leaves nothing behind", async ({ sql }) => {
  const failing = [...MIGRATIONS, { version: 1000, name: "broken", sql: "select 1 / 0" }];
  await assert.rejects(migrate(sql, { migrations: failing }), { code: "22012" });
  assert.deepEqual(await made(sql), []);
  assert.deepEqual(await migrate(sql), ALL);
}, EMPTY);

databaseTest(
  "a migration that takes long is not ended by a time limit of the role",
  async ({ sql, url }) => {
    await migrate(sql);
    const limited = `${url}?options=-cstatement_timeout%3D1s`;
    const role = connect(limited, { max: 1, applicationName: "tests" });
    const slow = { version: 1000, name: "slow", sql: "select pg_sleep(1.5)" };
    await assert.rejects(async () => await role.unsafe(slow.sql), { code: "57014" });
    assert.deepEqual(await migrate(role, { migrations: [...MIGRATIONS, slow] }), [1000]);
    terminate(role);
  },
  ON_SERVER,
);

databaseTest(
  "a process that ends in the middle of its migrations leaves nothing behind",
  async ({ sql, url }) => {
    const instance = connect(url, { max: 1, applicationName: "tests" });
    let steps = 0;
    const migrating = migrate(instance, {
      step: (name) => {
        // Not waited for: a transaction can't wait for its own connection to end.
        if (name === "applied" && ++steps === 2) void terminate(instance);
      },
    });
    await assert.rejects(migrating);
    assert.equal(steps, 2);
    // Once the server has seen that the connection is gone.
    assert.deepEqual(await migrate(sql), ALL);
  },
  EMPTY,
);

databaseTest("records survive a migration", async (database) => {
  const { sql } = database;
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.batch(events.put("alice/scene/s1"));
  const last = Math.max(...ALL);
  const more = { version: last + 1, name: "more", sql: "alter table scenes add column more text" };
  assert.deepEqual(await migrate(sql, { migrations: [...MIGRATIONS, more] }), [last + 1]);
  await folded.batch(events.put("alice/scene/s1", { name: "Changed" }));
  assert.equal((await folded.row("alice/scene/s1"))["name"], "Changed");
});

/** Runs something as a role without rights; `grants` are run by the owner first. */
async function asNobody(
  { sql, url }: TestDatabase,
  grants: readonly string[],
  run: (sql: Sql) => Promise<void>,
): Promise<void> {
  const role = `nobody_${crypto.randomUUID().slice(0, 8)}`;
  await sql.unsafe(`create role ${role} login password 'nobody'`);
  const address = new URL(url);
  address.username = role;
  address.password = "nobody";
  const nobody = connect(address.href, { max: 1, applicationName: "tests" });
  try {
    for (const grant of grants) await sql.unsafe(`${grant} ${role}`);
    await run(nobody);
  } finally {
    await terminate(nobody);
    await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  }
}

databaseTest(
  "the error for a role that may not create PostGIS says what to run",
  async (database) => {
    const grants = ["grant create on schema public to"];
    await asNobody(database, grants, async (nobody) => {
      const said = await message(migrate(nobody));
      assert.match(
        said,
        /extension postgis .*may not; run as a superuser there: create extension postgis/,
      );
      assert.deepEqual(await made(database.sql), []);
      const findings = await checkDatabase(nobody, "the database");
      assert.deepEqual(findings.find(({ what }) => what === "PostGIS"), {
        what: "PostGIS",
        ok: false,
        detail: "not in this database; run there as a superuser: create extension postgis",
      });
      await database.sql`create extension postgis`;
      assert.deepEqual(await migrate(nobody), ALL);
    });
  },
  ON_SERVER,
);

databaseTest("the error for a role that may not create tables says so", async (database) => {
  await asNobody(database, [], async (nobody) => {
    const said = await message(migrate(nobody));
    assert.match(
      said,
      /cannot migrate database \S+: the role nobody_\w+ may not do that; run the command migrate/,
    );
  });
}, ON_SERVER);

databaseTest(
  "a role that may only read and write works on a database that is migrated",
  async (database) => {
    const grants = [
      "grant select, insert, update, delete on all tables in schema public to",
    ];
    await asNobody(database, grants, async (nobody) => {
      assert.deepEqual(await migrate(nobody), []);
      const folded = new Folded({ sql: nobody });
      const events = new SampleEvents();
      assert.deepEqual(await folded.batch(events.put("alice/scene/s1")), ["applied"]);
      assert.deepEqual(await folded.batch(events.put("alice/scene/s2", { name: "" })), [
        "dead_letter",
      ]);
    });
  },
  { kinds: ["server"] },
);

databaseTest("the check finds what is missing, and changes nothing", async ({ sql }) => {
  const before = await checkDatabase(sql, "the database");
  assert.deepEqual(before.map(({ ok }) => ok), [true, true, true]);
  assert.match(before[1]?.detail ?? "", /will be created/);
  assert.match(before[2]?.detail ?? "", /to be applied/);
  assert.deepEqual(await made(sql), []);
  await migrate(sql);
  const after = await checkDatabase(sql, "the database");
  assert.match(after[1]?.detail ?? "", /^\d+\.\d+/);
  assert.equal(after[2]?.detail, "up to date");
}, ON_SERVER);

Deno.test("without PostGIS the error says what to install", async () => {
  const pglite = await PGlite.create();
  const execute = async (bytes: Uint8Array): Promise<Uint8Array> => {
    const answers: Uint8Array[] = [];
    const onRawData = (answer: Uint8Array): unknown => answers.push(answer.slice());
    await pglite.execProtocolRawStream(bytes, { syncToFs: false, onRawData });
    return concat(answers);
  };
  const greeting = await execute(startupMessage({ user: "postgres", database: "postgres" }));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = serve({
    listener,
    session: new Session({ execute }, 1_000),
    password: "x",
    greeting,
    maxClients: 2,
    maxUnitBytes: 1_000_000,
    loginMs: 5_000,
  });
  const url = `postgres://postgres:x@127.0.0.1:${listener.addr.port}/postgres`;
  const sql = connect(url, { max: 1, applicationName: "tests" });
  try {
    const said = await message(migrate(sql));
    assert.match(said, /the server doesn't have it; install it there.*postgresql-\d+-postgis-3/);
    assert.deepEqual(await made(sql), []);
    const findings = await checkDatabase(sql, "the database");
    assert.match(
      findings.find(({ ok }) => !ok)?.detail ?? "",
      /not on the server; install it there/,
    );
  } finally {
    await terminate(sql);
    listener.close();
    await serving;
    await pglite.close();
  }
});
