/** A replica of what is public, with the statements of DATA.md: a subscriber in a second cluster. */

import assert from "node:assert/strict";
import pg from "pg";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { migrate } from "../../lib/repository/schema/migrate.ts";
import { PrivateCluster, serverPrograms } from "../support/crash/private_cluster.ts";
import { sectionOf } from "../support/document_section.ts";
import { Folded } from "../support/folded.ts";
import { repository } from "../support/repository_files.ts";
import { keyOf, SampleEvents } from "../support/sample_events.ts";
import { until } from "../support/within.ts";

const PROGRAMS = serverPrograms();
const MISSING = PROGRAMS === null ? " (needs the programs of a Postgres server)" : "";

const section = sectionOf(await repository("DATA.md"), "A replica of what is public");
const [statements = "", onSubscriber = "", ended = ""] = [
  ...section.matchAll(/```sql\n([^]*?)```/g),
].map(([, text]) => text ?? "");

/** Views and their copies, less what the copies leave out. */
const VIEWS = ["scenes", "events", "posts", "alliances", "stream_sessions"];

async function rowsOf(sql: Sql, relation: string): Promise<string[]> {
  const rows = await sql.unsafe<{ row: string }[]>(
    `select (to_jsonb(t) - 'handle' - 'search')::text as row from ${relation} as t order by id`,
  );
  return rows.map(({ row }) => row);
}

async function answered(sql: Sql, question: string, what: string): Promise<void> {
  await until(async () => {
    const [row] = await sql.unsafe<{ yes: boolean | null }[]>(`select (${question}) as yes`);
    return row?.yes === true;
  }, what);
}

/** Tables of the same form, and what they are made of. */
async function prepareSubscriber(sql: Sql, publisher: Sql): Promise<void> {
  await sql.command("create extension postgis");
  await sql.command("create schema feed");
  for (const view of VIEWS) {
    const columns = await publisher.unsafe<{ column: string }[]>(`
      select quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) as column
      from pg_attribute where attrelid = 'feed.${view}'::regclass and attnum > 0 and not attisdropped
      order by attnum`);
    const list = columns.map(({ column }) => column).join(", ");
    await sql.command(`create table feed.${view} (${list}, primary key (id))`);
  }
}

Deno.test({
  name: `a subscriber in a second cluster has exactly what the views show, step by step${MISSING}`,
  ignore: PROGRAMS === null,
  fn: async () => {
    if (PROGRAMS === null) return;
    await using first = await PrivateCluster.create(PROGRAMS);
    await using second = await PrivateCluster.create(PROGRAMS);
    const setup = connect(first.url, { max: 1, applicationName: "tests" });
    await setup.command("alter system set wal_level = logical");
    await terminate(setup);
    await first.end("fast");
    await first.start();
    const sql = connect(first.url, { max: 2, applicationName: "tests" });
    const replica = connect(second.url, { max: 1, applicationName: "tests" });
    try {
      await migrate(sql);
      const folded = new Folded({ sql });
      const events = new SampleEvents();
      // Before the publication: it begins with what is there.
      await folded.batch(
        events.put("alice/scene/scene1"),
        events.put("alice/scene/scene2"),
        events.put("alice/event/early"),
        events.put("alice/scene/secret", { visibility: "private" }),
        events.put("alice/event/secret", { sceneId: "secret" }),
      );
      // As psql does: all of it in one session.
      const owner = new pg.Client(first.url);
      await owner.connect();
      await owner.query(statements).finally(() => owner.end());
      await prepareSubscriber(replica, sql);
      const subscription = onSubscriber.split("\n").filter((line) => !line.startsWith("--"))
        .join("\n").replace(/connection '[^']*'/, `connection '${first.url}'`);
      await replica.command(subscription);
      await answered(
        replica,
        "select bool_and(srsubstate = 'r') from pg_subscription_rel",
        "the first copy",
      );

      const isSame = async (step: string): Promise<number> => {
        const [at] = await sql.unsafe<{ lsn: string }[]>(
          "select pg_current_wal_lsn()::text as lsn",
        );
        await answered(
          sql,
          `select bool_and(confirmed_flush_lsn >= '${at?.lsn}'::pg_lsn) from pg_replication_slots`,
          `the subscriber receives: ${step}`,
        );
        let count = 0;
        for (const view of VIEWS) {
          const expected = await rowsOf(sql, `public_${view}`);
          assert.deepEqual(await rowsOf(sql, `feed.${view}`), expected, `${step}: copy of ${view}`);
          assert.deepEqual(await rowsOf(replica, `feed.${view}`), expected, `${step}: ${view}`);
          count += expected.length;
        }
        return count;
      };
      const hide = async (table: string, record: string, isHidden = true): Promise<void> => {
        const { did, rkey } = keyOf(record);
        await sql.unsafe(
          `update ${table} set deleted_at = ${isHidden ? "now()" : "null"}
           where record_did = $1 and record_rkey = $2`,
          [did, rkey],
        );
      };
      assert.equal(await isSame("the beginning"), 3);

      await folded.batch(
        events.put("alice/event/e1", { sceneId: "scene1" }),
        events.put("alice/event/e2", { sceneId: "scene2" }),
        events.put("bob/post/p1", { sceneId: undefined, eventId: uri("alice/event/e1") }),
        events.put("bob/post/p2", { sceneId: uri("alice/scene/scene1") }),
        events.put("bob/post/p3", { sceneId: uri("alice/scene/secret") }),
        events.put("alice/alliance/a1", { status: "active" }),
        events.put("alice/stream/s1", { sceneId: "scene1" }),
        events.put("alice/stream/s2", { sceneId: undefined, eventId: "e1" }),
      );
      assert.equal(await isSame("children"), 10);
      await folded.batch(events.put("alice/scene/scene1", { visibility: "private" }));
      assert.equal(await isSame("a scene becomes private, and all that is under it"), 2);
      await folded.batch(events.put("alice/scene/scene1", { visibility: "public", name: "Back" }));
      assert.equal(await isSame("it is public again"), 10);
      await folded.batch(events.put("alice/scene/secret", { visibility: "public" }));
      assert.equal(await isSame("another one is published"), 13);
      await folded.batch(events.put("alice/event/e1", { sceneId: "scene2", name: "Moved" }));
      assert.equal(await isSame("an event moves to another scene"), 13);
      await hide("events", "alice/event/e1");
      assert.equal(await isSame("an operator hides an event"), 10);
      await hide("events", "alice/event/e1", false);
      await hide("scenes", "alice/scene/scene2");
      assert.equal(await isSame("an operator hides a scene alone"), 7);
      await hide("scenes", "alice/scene/scene2", false);
      assert.equal(await isSame("and shows it"), 13);
      await sql`update posts set labels = array_append(labels, 'spam') where record_rkey = 'p2'`;
      assert.equal(await isSame("a label"), 12);
      await folded.batch(events.account("alice", false, "deactivated"));
      assert.equal(await isSame("an account is deactivated"), 0);
      await folded.batch(events.account("alice", true), events.put("alice/event/late"));
      assert.ok(await isSame("and comes back") > 10);
      await folded.batch(events.delete("alice/scene/scene1"));
      assert.ok(await isSame("a scene is deleted") > 5);
      await sql`delete from posts where record_rkey = 'p1'`;
      await isSame("the app removes a row");

      await replica.command("drop subscription subcults");
      for (const statement of ended.split(";").filter((text) => text.trim() !== "")) {
        await sql.command(statement);
      }
      await folded.batch(events.put("alice/scene/after"));
    } finally {
      await Promise.all([terminate(sql), terminate(replica)]);
    }
  },
});

Deno.test({
  name: `two transactions that don't see each other leave no row of a private scene${MISSING}`,
  ignore: PROGRAMS === null,
  fn: async () => {
    if (PROGRAMS === null) return;
    await using cluster = await PrivateCluster.create(PROGRAMS);
    const sql = connect(cluster.url, { max: 2, applicationName: "tests" });
    const owner = new pg.Client(cluster.url);
    try {
      await migrate(sql);
      const folded = new Folded({ sql });
      const events = new SampleEvents();
      await folded.batch(events.put("alice/scene/scene1"));
      await owner.connect();
      await owner.query(statements);
      await owner.query("begin");
      await owner.query("update scenes set deleted_at = now()");
      const writing = folded.batch(events.put("alice/event/e1", { sceneId: "scene1" }));
      await answered(
        sql,
        "select count(*) > 0 from pg_locks where not granted and locktype in ('advisory', 'transactionid', 'tuple')",
        "the batch waits for the other transaction",
      );
      await owner.query("commit");
      await writing;
      assert.deepEqual(await rowsOf(sql, "public_events"), []);
      assert.deepEqual(await rowsOf(sql, "feed.events"), []);
    } finally {
      await Promise.all([terminate(sql), owner.end()]);
    }
  },
});

Deno.test({
  name:
    `a publication of the tables can't ask for the scene, and without it shows too much${MISSING}`,
  ignore: PROGRAMS === null,
  fn: async () => {
    if (PROGRAMS === null) return;
    await using cluster = await PrivateCluster.create(PROGRAMS);
    const sql = connect(cluster.url, { max: 1, applicationName: "tests" });
    try {
      await migrate(sql);
      const events = new SampleEvents();
      await new Folded({ sql }).batch(
        events.put("alice/scene/scene1", { visibility: "private" }),
        events.put("alice/event/e1", { sceneId: "scene1" }),
      );
      const publish = (filter: string): Promise<void> =>
        sql.command(`create publication p for table events where (${filter})`);
      await assert.rejects(
        publish(
          "exists (select from scenes as s where s.id = scene_id and s.visibility = 'public')",
        ),
        { code: "0A000" },
      );
      await assert.rejects(publish("is_public(scene_id)"));
      // All that a filter can ask of an event holds for one of a private scene.
      await publish("deleted_at is null");
      const shown = await sql.unsafe<object[]>("select id from events where deleted_at is null");
      assert.equal(shown.length, 1);
      assert.deepEqual(await rowsOf(sql, "public_events"), []);
    } finally {
      await terminate(sql);
    }
  },
});

function uri(record: string): string {
  const { did, collection, rkey } = keyOf(record);
  return `at://${did}/${collection}/${rkey}`;
}
