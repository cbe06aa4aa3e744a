import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { databaseTest } from "../support/database.ts";
import { asNew, emptied, type Schema } from "../support/empty_tables.ts";

const LETTER = "insert into dead_letters (fingerprint, reason, detail) values ('a', 'b', 'c')";

/** Objects other than rows that a test may leave behind. */
const LEFT = [
  "select",
  "alter table records drop column rev",
  "alter table events alter title drop not null",
  "alter table scenes add constraint named check (name <> 'x')",
  "create table more (n int)",
  "update schema_migrations set checksum = 'edited'",
  "drop table schema_migrations",
  "drop table scenes cascade",
  "drop index idx_records_loose_references",
  "create schema other create table more (n int)",
  `create function refuse() returns trigger language plpgsql as 'begin return null; end';
   create trigger refuse before insert on dead_letters for each row execute function refuse()`,
  "create domain short as text check (length(value) < 3)",
  "create rule refuse as on insert to dead_letters do instead nothing",
];

databaseTest(
  "each test finds the tables as migrated and empty, whatever the previous test did",
  async ({ sql }) => {
    let schema: Schema = await emptied(sql, null);
    const definitions = await definitionsIn(sql);
    await sql.unsafe(LETTER);
    for (const left of LEFT) {
      await sql.unsafe(left);
      schema = await emptied(sql, schema);
      assert.deepEqual(await definitionsIn(sql), definitions, left);
      const [letter] = await sql.unsafe(`${LETTER} returning id::int`);
      assert.equal(letter?.["id"], 1, left);
      assert.equal((await sql`select from dead_letters`).length, 1, left);
    }
  },
  { kinds: ["embedded"] },
);

databaseTest(
  "after a test that wrote only rows, rows are deleted and nothing is created again",
  async ({ sql }) => {
    const table = async (): Promise<unknown> =>
      (await sql`select 'dead_letters'::regclass::oid::int as id`)[0]?.["id"];
    const schema = await emptied(sql, null);
    const before = await table();
    await sql.unsafe(LETTER);
    assert.equal(await emptied(sql, schema), schema);
    assert.equal(await table(), before);
  },
  { kinds: ["embedded"] },
);

databaseTest(
  "data and statistics of one test file do not affect the next",
  async ({ sql }) => {
    const traces = async (): Promise<unknown> =>
      [
        ...await sql`
        select relpages::int as pages, reltuples::int as rows, pg_relation_size(oid)::int as bytes,
          (select count(*)::int from pg_statistic where starelid = pg_class.oid) as known
        from pg_class where oid = 'dead_letters'::regclass`,
      ].map((row) => ({ ...row }));
    const before = await traces();
    const schema = await emptied(sql, null);
    await sql.unsafe(`${LETTER}; insert into dead_letters (fingerprint, reason, detail)
      select n::text, 'b', 'c' from generate_series(1, 1000) as n; analyze dead_letters`);
    assert.notDeepEqual(await traces(), before);
    await asNew(sql, await emptied(sql, schema));
    assert.deepEqual(await traces(), before);
    const [letter] = await sql.unsafe(`${LETTER} returning id::int`);
    assert.equal(letter?.["id"], 1);
  },
  { kinds: ["embedded"] },
);

/** All objects of the database except data and those of PostGIS. */
async function definitionsIn(sql: Sql): Promise<unknown> {
  const rows = await sql<{ kind: string; what: string }[]>`
    select 'column' as kind, attrelid::regclass || '.' || attname || ' ' || attnotnull as what
      from pg_attribute where attrelid > 16383 and attnum > 0 and not attisdropped
    union all select 'constraint', conname || pg_get_constraintdef(oid) from pg_constraint where oid > 16383
    union all select 'index', pg_get_indexdef(indexrelid) from pg_index where indexrelid > 16383
    union all select 'trigger', pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all select 'rule', pg_get_ruledef(oid) from pg_rewrite where oid > 16383
    union all select 'function', oid::regprocedure::text from pg_proc where oid > 16383
    union all select 'type', typname from pg_type where oid > 16383
    union all select 'migration', version || checksum from schema_migrations
    order by 1, 2`;
  return rows.filter(({ what }) => !/pg_toast|^_?pg_/.test(what)).map(({ kind, what }) =>
    `${kind} ${what}`
  );
}
