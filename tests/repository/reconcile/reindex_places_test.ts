/**
 * `reindex` after an update that removes more places: a place that an older version stored is in no table any
 * more, and everything else stays as it is.
 */

import assert from "node:assert/strict";
import type { Json } from "../../../lib/decoder/json.ts";
import type { RecordKey } from "../../../lib/mapper/collection.ts";
import { COLLECTIONS } from "../../../lib/mapper/collections/registry.ts";
import { FIRST_KEY, ledgerKeys } from "../../../lib/repository/reconcile/ledger_keys.ts";
import { allBut } from "../../../lib/repository/reconcile/mappings.ts";
import { told } from "../../support/command_output.ts";
import { settings } from "../../support/crash/settings.ts";
import { databaseTest, type TestDatabase } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { dump } from "../../support/leak/dump.ts";
import { keyOf, SampleEvents } from "../../support/sample_events.ts";

/** What today's rules remove from a text, and what no table may hold. */
const PLACE = "61.38192, 101.57419";
const SECRET = /38192|57419/;
/** Stands for the place until the older version has "stored" it: no rule removes it. */
const STAND_IN = "PLACE";

type Sql = TestDatabase["sql"];

/** Puts the place where the stand-in was stored, as a version that did not know this form would have. */
async function asStoredBefore(sql: Sql): Promise<void> {
  const columns = await sql<{ table: string; column: string; type: string }[]>`
    select c.table_name as table, c.column_name as column, c.udt_name as type
    from information_schema.columns as c join information_schema.tables as t
      using (table_schema, table_name)
    where t.table_type = 'BASE TABLE' and table_schema = current_schema() and is_generated = 'NEVER'
      and table_name in ('records', 'dead_letters', 'scenes', 'events', 'posts')
      and udt_name in ('text', 'varchar', '_text', 'jsonb')`;
  for (const { table, column, type } of columns) {
    await sql.unsafe(
      `update ${table} set ${column} = replace(${column}::text, '${STAND_IN}', '${PLACE}')::${type}
      where strpos(${column}::text, '${STAND_IN}') > 0`,
    );
  }
  await sql`update mappings set version = '1.1'`;
}

/** Each place of the secret, as table and row. */
async function found(sql: Sql): Promise<string[]> {
  const haystacks = await dump(sql);
  return haystacks.filter(({ text }) => SECRET.test(text)).map(({ where }) => where);
}

/** Every row with the transaction that wrote it. */
async function versions(sql: Sql): Promise<unknown> {
  return await Promise.all(
    ["records", "scenes", "posts", "dead_letters"].map((table) =>
      sql.unsafe(`select t.*::text as row, t.xmin::text from ${table} as t order by t.*::text`)
    ),
  );
}

const withPlace = { extra: { note: `meet at ${STAND_IN}` } };

databaseTest(
  "a place that an older version stored is in no table after a reindex, and no other row is written",
  async (database) => {
    const { sql, url } = database;
    const env = settings(url, "ws://127.0.0.1:1/subscribe");
    const folded = new Folded(database);
    const events = new SampleEvents();
    const embed = { url: "https://example.org/a", title: `at ${STAND_IN}` };
    await folded.batch(
      events.put("alice/scene/s1", { description: `in ${STAND_IN}`, palette: { primary: "red" } }),
      events.put("alice/scene/s2"),
      events.put("alice/post/p1", { sceneId: "s1", text: `at ${STAND_IN}`, attachments: [embed] }),
      events.put("alice/post/p2", { sceneId: "s2" }),
      events.put("alice/post/waits", { sceneId: "s9", text: `at ${STAND_IN}` }),
      events.put("alice/post/refused", { sceneId: 1, text: `at ${STAND_IN}` }),
      events.put("alice/scene/unread", { location: { lat: 91, lng: 0 }, ...withPlace }),
      events.put("alice/org.example.note/n1", withPlace),
      events.put("alice/org.example.note/n2", { extra: { note: "no place" } }),
      // Hidden: of an account that is away, and of a record that was deleted.
      events.put("bob/scene/s1", { description: `in ${STAND_IN}`, tags: [STAND_IN, "b"] }),
      events.put("bob/org.example.note/n1", withPlace),
      events.put("alice/scene/s3", { description: `in ${STAND_IN}` }),
    );
    await folded.batch(
      events.account("bob", false, "deactivated"),
      events.delete("alice/scene/s3"),
    );
    await told(["reindex"], { env });
    await asStoredBefore(sql);
    assert.ok((await found(sql)).length > 0);
    const before = await folded.ledger("alice/post/p1");
    const others = async (): Promise<unknown> => [
      await sql`select r.*, r.xmin::text from records as r
        where rkey in ('s2', 'p2', 'n2') order by rkey`,
      await sql`select r.*, r.xmin::text from scenes as r where record_rkey = 's2'`,
      await sql`select r.*, r.xmin::text from posts as r where record_rkey = 'p2'`,
    ];
    const untouched = await others();

    const dry = await told(["reindex", "--dry-run"], { env });
    assert.equal(dry.code, 0, dry.err.join());
    const done = await told(["reindex"], { env });
    assert.equal(done.code, 0, done.err.join());
    assert.deepEqual(await found(sql), []);
    assert.deepEqual(dry.out, done.out.map((line) => line.replace(" changed", " would change")));

    assert.deepEqual(await others(), untouched);
    const after = await folded.ledger("alice/post/p1");
    assert.deepEqual({ ...after, record: null }, { ...before, record: null });
    assert.equal((after?.record as { text: Json }).text, "at [place removed]");
    assert.equal((await folded.row("alice/post/p1")).text, "at [place removed]");
    assert.deepEqual(
      (await folded.ledger("alice/org.example.note/n1"))?.record,
      { $type: "org.example.note", extra: { note: "meet at [place removed]" } },
    );
    assert.deepEqual(await folded.states("alice/post/waits", "alice/post/refused"), [
      "waiting",
      "rejected",
    ]);

    const written = await versions(sql);
    const again = await told(["reindex"], { env });
    for (const line of again.out) assert.match(line, / 0 changed$/);
    assert.deepEqual(await versions(sql), written);
  },
);

databaseTest(
  "a record whose stored location can't be read any more is rejected, as if it came now",
  async (database) => {
    const { sql, url } = database;
    const env = settings(url, "ws://127.0.0.1:1/subscribe");
    const folded = new Folded(database);
    const events = new SampleEvents();
    await folded.batch(events.put("alice/scene/s1"), events.put("alice/scene/s2"));
    const { did, collection } = keyOf("alice/scene/s1");
    await sql`update records set record = record || '{"location": {"latitude": 61.38192}}'
      where did = ${did} and collection = ${collection} and rkey = 's1'`;
    const { code, out } = await told(["reindex", "--collection", collection], { env });
    assert.deepEqual([code, out], [0, [
      "app.subcult.scene: 2 records, 1 changed",
      "  1  applied → rejected (invalid_location)",
    ]]);
    assert.deepEqual(await folded.openDeadLetterIds(), ["invalid_location"]);
    assert.deepEqual(await folded.live("alice/scene/s1", "alice/scene/s2"), [false, true]);
    assert.deepEqual(await found(sql), []);
  },
);

databaseTest(
  "a record whose text is too long without its place is rejected, and its row keeps no place either",
  async (database) => {
    const { sql, url } = database;
    const env = settings(url, "ws://127.0.0.1:1/subscribe");
    const folded = new Folded(database);
    await folded.batch(new SampleEvents().put("alice/scene/s1"));
    // As long as a name can be. What is written in place of the place is longer.
    const name = `${"x".repeat(240)} 61.38192,101.5`;
    await sql`update records set record = record || ${{ name }}`;
    await sql`update scenes set name = ${name}`;
    const { code, out } = await told(["reindex"], { env });
    assert.deepEqual([code, out[1]], [0, "  1  applied → rejected (too_long)"]);
    assert.equal((await folded.row("alice/scene/s1")).name, `${"x".repeat(240)} [place removed`);
    assert.deepEqual(await found(sql), []);
  },
);

databaseTest(
  "each record without a table is read once, page by page, whatever its collection",
  async (database) => {
    const events = new SampleEvents();
    const others = ["alice/org.example.a/1", "alice/org.example.b/1", "bob/org.example.a/1"];
    await new Folded(database).batch(
      ...[...others, "alice/scene/1", "bob/scene/1"].map((record) => events.put(record)),
    );
    const read: RecordKey[] = [];
    let after = FIRST_KEY;
    while (true) {
      const [key] = await ledgerKeys(database.sql, allBut(COLLECTIONS), after, 1);
      if (key === undefined) break;
      read.push(key);
      after = key;
    }
    assert.deepEqual(read, others.map(keyOf));
  },
);
