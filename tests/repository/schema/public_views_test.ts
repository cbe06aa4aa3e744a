/** The views show exactly what anybody may see, whatever conditions a query omits. */

import assert from "node:assert/strict";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { databaseTest } from "../../support/database.ts";
import { readsOf } from "../../support/documented_reads.ts";
import { sectionOf, statementsOf } from "../../support/document_section.ts";
import { fill } from "../../support/filled_reads.ts";
import { Folded } from "../../support/folded.ts";
import type { JetstreamEvent } from "../../support/jetstream/stored_event.ts";
import { readWhole } from "../../support/plan.ts";
import { repository } from "../../support/repository_files.ts";
import { didOf, SampleEvents, uriOf } from "../../support/sample_events.ts";

const VIEWS = [
  "public_scenes",
  "public_events",
  "public_posts",
  "public_alliances",
  "public_stream_sessions",
] as const;

const data = await repository("DATA.md");

/** The AT-URIs that each view shows, sorted. */
async function shown(sql: Sql): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const view of VIEWS) {
    const rows = await sql.unsafe<{ uri: string }[]>(`select uri from ${view} order by uri`);
    all[view] = rows.map(({ uri }) => uri);
  }
  return all;
}

interface Family {
  /** Short names. */
  readonly records: readonly string[];
  readonly put: readonly JetstreamEvent[];
}

/** A scene with one record of every kind that refers to it. */
function family(
  events: SampleEvents,
  name: string,
  fields: Readonly<Record<string, unknown>>,
): Family {
  const [scene, event] = [`${name}/scene/s`, `${name}/event/e`];
  const sceneId = uriOf(scene);
  return {
    records: [scene, event, `${name}/post/p`, `${name}/post/q`, `${name}/stream/t`],
    put: [
      events.put(scene, { name: `Scene of ${name}`, ...fields }),
      events.put(event, { sceneId }),
      events.put(`${name}/post/p`, { sceneId }),
      events.put(`${name}/post/q`, { sceneId: undefined, eventId: uriOf(event) }),
      events.put(`${name}/stream/t`, { sceneId: undefined, eventId: uriOf(event) }),
    ],
  };
}

databaseTest(
  "no view shows what is moderated, deleted, suppressed, private, unlisted, waiting or refused",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    const seen = family(events, "seen", {});
    await folded.batch(...seen.put, events.identity("seen", "seen.example"));
    const kinds = ["private", "unlisted", "deleted", "suppressed", "moderated"] as const;
    for (const name of kinds) {
      const visibility = name === "private" || name === "unlisted" ? name : "public";
      const hidden = family(events, name, { visibility });
      // Its alliance with a scene that is seen, and that one's with it, are not for everybody either.
      await folded.batch(
        ...hidden.put,
        events.put(`${name}/alliance/a`, {
          fromSceneId: uriOf(`${name}/scene/s`),
          toSceneId: uriOf("seen/scene/s"),
        }),
        events.put(`seen/alliance/${name}`, {
          fromSceneId: uriOf("seen/scene/s"),
          toSceneId: uriOf(`${name}/scene/s`),
        }),
        events.put(`guest/post/${name}`, { sceneId: uriOf(`${name}/scene/s`) }),
        events.put(`guest/post/both${name}`, {
          sceneId: uriOf("seen/scene/s"),
          eventId: uriOf(`${name}/event/e`),
        }),
      );
    }
    await folded.batch(events.delete("deleted/scene/s"), events.account("suppressed", false, "x"));
    await sql`update scenes set deleted_at = now() where owner_did = ${didOf("moderated")}`;
    // Of the scene that is seen: children that are not.
    const sceneId = uriOf("seen/scene/s");
    for (const label of ["hidden", "nsfw", "spam", "flagged"]) {
      await folded.batch(events.put(`guest/post/${label}`, { sceneId, labels: ["fine", label] }));
    }
    await folded.batch(
      events.put("guest/post/fine", { sceneId, labels: ["fine"] }),
      events.put("guest/post/late", { sceneId: uriOf("nobody/scene/s") }),
      events.put("guest/post/refused", { sceneId, text: "" }),
      events.put("guest/event/refused", { sceneId }),
      events.put("guest/post/moderated", { sceneId }),
      events.put("guest/post/taken", { sceneId }),
      events.put("seen/event/moderated", { sceneId }),
      events.put("guest/post/under", {
        sceneId: undefined,
        eventId: uriOf("seen/event/moderated"),
      }),
      events.put("seen/stream/under", {
        sceneId: undefined,
        eventId: uriOf("seen/event/moderated"),
      }),
      ...["pending", "rejected", "dissolved"].map((status) =>
        events.put(`seen/alliance/${status}`, {
          fromSceneId: sceneId,
          toSceneId: uriOf("other/scene/s"),
          status,
        })
      ),
      events.put("other/scene/s"),
      events.put("seen/alliance/active", {
        fromSceneId: sceneId,
        toSceneId: uriOf("other/scene/s"),
      }),
    );
    await folded.batch(events.delete("guest/post/taken"));
    await sql`update posts set deleted_at = now() where record_rkey = 'moderated'`;
    await sql`update events set deleted_at = now() where record_rkey = 'moderated'`;
    await sql`update posts set labels = labels || '{spam}'::text[] where record_rkey = 'q'
      and author_did = ${didOf("seen")}`;
    assert.deepEqual(await shown(sql), {
      public_scenes: [uriOf("other/scene/s"), uriOf("seen/scene/s")].toSorted(),
      public_events: [uriOf("seen/event/e")],
      public_posts: [uriOf("seen/post/p"), uriOf("guest/post/fine")].toSorted(),
      public_alliances: [uriOf("seen/alliance/active")],
      public_stream_sessions: [uriOf("seen/stream/t")],
    });
    const [scene] = await sql<{ handle: string }[]>`
      select handle from public_scenes where owner_did = ${didOf("seen")}`;
    assert.equal(scene?.handle, "seen.example");
    // Rows that were hidden for a time are shown again.
    await folded.batch(events.account("suppressed", true));
    const again = await shown(sql);
    assert.ok(again["public_posts"]?.includes(uriOf("suppressed/post/q")));
    assert.ok(again["public_alliances"]?.includes(uriOf("seen/alliance/suppressed")));
  },
);

databaseTest(
  "when a scene stops being public, everything that belongs to it disappears from the views",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const { put, records } = family(events, "seen", {});
    await folded.batch(...put);
    assert.deepEqual(Object.values(await shown(database.sql)).flat().length, records.length);
    for (const visibility of ["private", "unlisted"]) {
      await folded.batch(events.put("seen/scene/s", { visibility }));
      assert.deepEqual(Object.values(await shown(database.sql)).flat(), [], visibility);
      await folded.batch(events.put("seen/scene/s"));
      assert.deepEqual(Object.values(await shown(database.sql)).flat().length, records.length);
    }
  },
);

databaseTest("the only place in a view is the one that a map may show", async ({ sql }) => {
  const columns = await sql<{ view: string; column: string; type: string }[]>`
    select c.relname as view, a.attname as column, format_type(a.atttypid, null) as type
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relname like 'public\_%' and a.attnum > 0`;
  assert.deepEqual([...new Set(columns.map(({ view }) => view))].toSorted(), VIEWS.toSorted());
  const places = columns.filter(({ type }) => /^geo(?:graphy|metry)/.test(type));
  assert.deepEqual([...new Set(places.map(({ column }) => column))], ["display_point"]);
  const read = await sql<{ column: string }[]>`
    select column_name::text as column from information_schema.view_column_usage
    where view_name like 'public\_%' and column_name = 'precise_point'`;
  assert.equal(read.length, 0);
  await fill(sql);
  const [row] = await sql<{ feature: string }[]>`
    select st_asgeojson(s) as feature from public_scenes as s where record_rkey = 'seen'`;
  const { geometry } = JSON.parse(row?.feature ?? "{}");
  assert.deepEqual(geometry, { type: "Point", coordinates: [13.405, 52.505] });
});

/** Ways of finding rows that the ten queries leave to the app. */
const MORE = `
\`\`\`sql
-- Scenes near a cell.
select id, name from public_scenes where coarse_geohash like :cell || '%';
-- Scenes with a tag.
select id, name from public_scenes where tags @> array[:tag];
-- Somebody's scenes.
select id, name from public_scenes where owner_did = :owner;
-- Scenes by id.
select id, name from public_scenes where id = :scene;
-- Events near a cell.
select id, title from public_events where coarse_geohash like :cell || '%';
-- Events with a tag.
select id, title from public_events where tags @> array[:tag];
-- Search in events.
select id, title from public_events where search @@ websearch_to_tsquery('english', :words) limit 20;
-- Events with their scenes.
select e.id, e.title, s.name from public_events e join public_scenes s on s.id = e.scene_id
where e.starts_at > :now order by e.starts_at limit 20;
-- The feed of an event.
select id, text from public_posts where event_id = :event order by created_at desc, id limit 20;
-- Of an author.
select id, text from public_posts where author_did = :author order by created_at desc limit 20;
-- The newest posts.
select id, text from public_posts order by created_at desc limit 20;
-- Search in posts.
select id, text from public_posts where search @@ websearch_to_tsquery('english', :words) limit 20;
-- What is on air in a scene.
select id, room_name from public_stream_sessions where scene_id = :scene and ended_at is null;
\`\`\``;

databaseTest(
  "the ten queries of DATA.md, and other look-ups, read no whole table and give the right rows",
  async ({ sql }) => {
    await fill(sql);
    const ten = readsOf(sectionOf(data, "Ten queries to start with"));
    assert.equal(ten.length, 10);
    for (const { title, sql: text } of [...ten, ...readsOf(MORE)]) {
      assert.deepEqual(await readWhole(sql, text), [], `${title} reads all of a table`);
      const rows = await sql.unsafe<Record<string, unknown>[]>(text);
      assert.ok(rows.length > 0, `${title} finds nothing`);
      for (const row of rows) {
        for (const name of [row["name"], row["title"], row["text"]]) {
          if (typeof name === "string") {
            assert.match(name, /^(?:Café seen|Scene|Event|Post)/, title);
          }
        }
      }
    }
  },
);

/** Does what DATA.md says under a role of another name: roles are of the whole server. */
async function asReader(
  { sql, url }: { readonly sql: Sql; readonly url: string },
  run: (reader: Sql) => Promise<void>,
): Promise<void> {
  const name = `subcults_reader_${crypto.randomUUID().slice(0, 8)}`;
  const [create = "", grant = ""] = statementsOf(
    sectionOf(data, "A role that reads only the views"),
  );
  await sql.unsafe(create.replace("subcults_reader", name));
  const address = new URL(url);
  Object.assign(address, { username: `${name}_app`, password: "app" });
  const reader = connect(address.href, { max: 1, applicationName: "tests" });
  try {
    await sql.unsafe(grant.replace("subcults_reader", name));
    await sql.unsafe(`create role ${name}_app login password 'app' in role ${name}`);
    await run(reader);
  } finally {
    await terminate(reader);
    await sql.unsafe(`drop owned by ${name}, ${name}_app; drop role ${name}, ${name}_app`);
  }
}

databaseTest(
  "the role that DATA.md creates reads the views, and no table and no column besides",
  async (database) => {
    const { sql } = database;
    await fill(sql);
    const others = await sql<{ name: string }[]>`
      select relname::text as name from pg_class as c
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'S')
        and relname <> all (string_to_array(${VIEWS.join()}, ','))
        and not exists (select from pg_depend where objid = c.oid and deptype = 'e')`;
    assert.ok(others.length >= 11);
    await asReader(database, async (reader) => {
      for (const view of VIEWS) {
        assert.ok((await reader.unsafe(`select * from ${view} limit 1`)).length > 0, view);
        await assert.rejects(reader.unsafe(`delete from ${view}`), { code: /42501|55000/ });
      }
      for (const { name } of others) {
        await assert.rejects(reader.unsafe(`select * from ${name}`), { code: "42501" }, name);
      }
    });
  },
  { kinds: ["server"] },
);

databaseTest(
  "with the security barriers of DATA.md no function of a reader sees a hidden row",
  async (database) => {
    const { sql } = database;
    await fill(sql);
    const barriers = statementsOf(sectionOf(data, "A role that reads only the views")).slice(2);
    assert.equal(barriers.length, VIEWS.length);
    await asReader(database, async (reader) => {
      // Cheaper than the view's own conditions, so that Postgres would evaluate it first.
      await reader.unsafe(`create function pg_temp.tell(name text) returns boolean
        language plpgsql cost 0.0000001 as $$ begin
          if name like 'Café private' then raise exception 'seen: %', name; end if;
          return true;
        end $$`);
      const ask = "select count(*) from public_scenes where pg_temp.tell(name)";
      await assert.rejects(reader.unsafe(ask), /seen: Café private/);
      for (const statement of barriers) await sql.unsafe(statement);
      await reader.unsafe(ask);
    });
  },
  { kinds: ["server"] },
);
