import assert from "node:assert/strict";
import { COLLECTIONS } from "../../../lib/mapper/collections/registry.ts";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { checkDatabase } from "../../../lib/repository/schema/check_database.ts";
import { migrate } from "../../../lib/repository/schema/migrate.ts";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { StatusTables } from "../../../lib/repository/status/stored_status.ts";
import { told } from "../../support/command_output.ts";
import { databaseTest, type TestDatabase } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents } from "../../support/sample_events.ts";
import { createDatabase, databaseUrl, dropDatabase } from "../../support/server_database.ts";

const ON_SERVER = { kinds: ["server"], content: "empty" } as const;

/** New connections, which begin with what the database and the role have configured by now. */
async function anew<T>(url: string, run: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = connect(url, { max: 1, applicationName: "tests" });
  try {
    return await run(sql);
  } finally {
    terminate(sql);
  }
}

async function assertRefused(url: string, what: string, sentence: RegExp): Promise<void> {
  const findings = await anew(url, (sql) => checkDatabase(sql, "the database"));
  assert.match(
    findings.find((finding) => finding.what === what && !finding.ok)?.detail ?? "",
    sentence,
  );
  await anew(url, (sql) => assert.rejects(migrate(sql), sentence));
  const env = { DATABASE_URL: url, LOCATION_JITTER_SECRET: "a secret of the tests" };
  const { code, err } = await told(["migrate"], { env });
  assert.equal(code, 1);
  assert.match(err.join(), sentence);
}

async function change({ sql, url }: TestDatabase, setting: string): Promise<void> {
  await sql.unsafe(`alter database "${new URL(url).pathname.slice(1)}" set ${setting}`);
}

databaseTest("PostGIS may be in another schema", async (database) => {
  const { sql, url } = database;
  await sql.unsafe("create schema extensions; create extension postgis schema extensions");
  assert.deepEqual((await checkDatabase(sql, "it")).map(({ ok }) => ok), [true, true, true]);
  await migrate(sql);
  await anew(url, async (sql) => {
    const events = new SampleEvents();
    const place = { lat: 47.6, lng: -122.3 };
    const outcomes = await new Folded({ sql }).batch(
      events.put("alice/scene/a", { location: { ...place, allowPrecise: true } }),
      events.put("alice/scene/b", { location: place }),
    );
    assert.deepEqual(outcomes, ["applied", "applied"]);
    assert.equal((await new StatusTables(sql).scenes()).length, 2);
  });
}, ON_SERVER);

databaseTest("tables may be in another schema than public", async (database) => {
  const { sql, url } = database;
  await sql.unsafe("create schema app");
  await change(database, "search_path = app, public");
  await anew(url, async (sql) => {
    await migrate(sql);
    assert.deepEqual(await new Folded({ sql }).batch(new SampleEvents().put("alice/scene/a")), [
      "applied",
    ]);
  });
  // A schema that is put before it in the search path does not hide them.
  await sql.unsafe("create schema before");
  await change(database, "search_path = before, app, public");
  await anew(url, async (sql) => {
    assert.deepEqual(await migrate(sql), []);
    assert.deepEqual([...await sql`select record_rkey from scenes`], [{ record_rkey: "a" }]);
  });
}, ON_SERVER);

databaseTest("a search_path without an existing schema is rejected", async (database) => {
  await change(database, "search_path = nowhere");
  await assertRefused(
    database.url,
    "search_path",
    /search_path of the role \w+ is nowhere, and it/,
  );
}, ON_SERVER);

databaseTest("a read-only database is refused, and named", async (database) => {
  await change(database, "default_transaction_read_only = on");
  await assertRefused(
    database.url,
    "read-only",
    /it is read-only: see default_transaction_read_only/,
  );
}, ON_SERVER);

databaseTest("another program's schema_migrations is refused", async (database) => {
  await database.sql`create table schema_migrations (version bigint primary key, dirty boolean)`;
  await assertRefused(
    database.url,
    "migrations",
    /schema_migrations in the schema public is another/,
  );
}, ON_SERVER);

databaseTest("a schema that is newer, or edited, is refused by check too", async ({ url, sql }) => {
  await sql`update schema_migrations set checksum = 'x' where version = 2`;
  await assertRefused(url, "migrations", /migration 2 \(product_tables\) was edited/);
  await sql`delete from schema_migrations where version = 2`;
  await sql`insert into schema_migrations (version, name, checksum) values (99, 'future', 'x')`;
  await assertRefused(url, "migrations", /migration 99 \(future\) is newer than this program/);
}, { kinds: ["server"] });

databaseTest(
  "missing rights are named, with the statement that grants them",
  async ({ url, sql }) => {
    const role = `reader_${crypto.randomUUID().slice(0, 8)}`;
    await sql.unsafe(
      `create role ${role} login; grant select on all tables in schema public to ${role}`,
    );
    const address = new URL(url);
    address.username = role;
    try {
      await assertRefused(
        address.href,
        "rights",
        /may not write accounts, .*records.*grant select, insert/,
      );
    } finally {
      await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
    }
  },
  { kinds: ["server"] },
);

Deno.test({
  name: "a database with another encoding than UTF-8 is refused",
  ignore: !Deno.env.get("TEST_DATABASE_URL"),
  fn: async () => {
    for (const encoding of ["LATIN1", "SQL_ASCII"]) {
      const name = await createDatabase("empty", `encoding '${encoding}' locale 'C'`);
      try {
        await assertRefused(databaseUrl(name), "encoding", new RegExp(`encoding is ${encoding}`));
      } finally {
        await dropDatabase(name);
      }
    }
  },
});

databaseTest(
  "check warns about other roles that may create objects in the searched schemas",
  async ({ url, sql }) => {
    await sql`grant create on schema public to public`;
    const findings = await anew(url, (sql) => checkDatabase(sql, "it"));
    assert.match(
      findings.find(({ what }) => what === "note")?.detail ?? "",
      /every role may create/,
    );
    assert.ok(findings.every(({ ok }) => ok));
  },
  { kinds: ["server"] },
);

/** Texts of everything that a batch wrote. */
async function written(sql: Sql): Promise<unknown> {
  const tables = COLLECTIONS.map(({ table }) => table);
  const rows = await Promise.all(
    tables.map((table) =>
      sql.unsafe(`select to_jsonb(t) - 'indexed_at' as row from ${table} as t order by 1::text`)
    ),
  );
  return rows.map((found) => [...found]);
}

databaseTest("no setting of the database changes what is written or read", async (database) => {
  const { sql, url } = database;
  const events = new SampleEvents();
  const batch = [
    events.put("alice/scene/a", {
      tags: ["NULL", "a\\b", 'q"'],
      location: { lat: 47.61, lng: -122.33, allowPrecise: true },
    }),
    events.put("alice/event/e", { sceneId: "a" }),
    events.put("bob/post/p", {
      sceneId: `at://${events.put("alice/scene/a").did}/app.subcult.scene/a`,
    }),
    events.identity("alice", "alice.test"),
  ];
  await new Folded({ sql }).batch(...batch);
  const expected = await written(sql);
  // A geography's text is bytes, which begin with its kind and its reference system.
  assert.match(JSON.stringify(expected), /"NULL".*"precise_point":"0101000020E6100000/);
  await sql.unsafe("truncate records, accounts, scenes, events, posts cascade");
  for (
    const setting of [
      "array_nulls = off",
      "standard_conforming_strings = off",
      "datestyle = 'German, DMY'",
      "intervalstyle = sql_standard",
      "bytea_output = escape",
      "extra_float_digits = -15",
      "timezone = 'Asia/Kolkata'",
      "client_encoding = latin1",
      "default_transaction_isolation = serializable",
      "statement_timeout = '5min'",
    ]
  ) await change(database, setting);
  await anew(url, (sql) => new Folded({ sql }).batch(...batch));
  assert.deepEqual(await written(sql), expected);
}, { kinds: ["server"] });
