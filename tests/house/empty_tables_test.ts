import assert from "node:assert/strict";
import { databaseTest } from "../support/database.ts";
import { asNew, emptied, type Schema } from "../support/empty_tables.ts";
import { definitionsIn, LEFT_BEHIND, LETTER } from "../support/left_behind.ts";

databaseTest(
  "each test finds the tables as migrated and empty, whatever the previous test did",
  async ({ sql }) => {
    let schema: Schema = await emptied(sql, null);
    const definitions = await definitionsIn(sql);
    await sql.unsafe(LETTER);
    for (const left of LEFT_BEHIND) {
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
