/** A database with so many rows that reading a whole table is never the cheapest plan, and with rows to show and to hide for each query. */

import type { Sql } from "../../lib/repository/connection/sql.ts";

export const SEEN = "00000000-0000-4000-8000-000000000001";
export const SEEN_EVENT = "00000000-0000-4000-8000-000000000002";
export const MEMBER = "did:plc:member";

/** Columns of a scene or event by its fate; all of them match every query. */
const SCENES: readonly (readonly [rkey: string, changes: string])[] = [
  ["seen", ""],
  ["private", "visibility = 'private'"],
  ["unlisted", "visibility = 'unlisted'"],
  ["deleted", "deleted_at = now(), indexer_live = false"],
  ["moderated", "deleted_at = now(), moderated_at = now()"],
];

/** Rows that match no query, so many that reading them all is never the cheapest plan. */
const OTHERS = 4_000;

export async function fill(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create temporary table n as select i, ('00000000-0000-4000-9000-' || lpad(i::text, 12, '0'))::uuid as id
      from generate_series(1, ${OTHERS}) as i;
    insert into accounts (did, handle) select 'did:plc:o' || i, 'o' || i || '.example' from n;
    insert into scenes (id, name, owner_did, record_did, record_rkey, record_rev, tags, coarse_geohash, display_point, created_at)
      select id, 'Scene ' || i, 'did:plc:o' || i, 'did:plc:o' || i, 's', '3k', array['t' || i % 50], 'gcpvj0',
        st_makepoint(-170 + i % 170, -60 + i % 100)::geography, timestamptz '2020-01-01' + i * interval '1 minute' from n;
    insert into events (id, scene_id, title, starts_at, status, record_did, record_rkey, record_rev, tags, coarse_geohash, display_point)
      select id, id, 'Event ' || i, timestamptz '2020-01-01' + i * interval '1 hour', 'ended', 'did:plc:o' || i, 'e', '3k',
        array['t' || i % 50], 'gcpvj0', st_makepoint(-170 + i % 170, -60 + i % 100)::geography from n;
    insert into posts (id, scene_id, author_did, text, record_did, record_rkey, record_rev, labels, created_at)
      select id, id, 'did:plc:o' || i, 'Post ' || i, 'did:plc:o' || i, 'p', '3k', case when i % 100 = 0 then array['nsfw'] else '{}' end,
        timestamptz '2020-01-01' + i * interval '1 minute' from n;
    insert into alliances (id, from_scene_id, to_scene_id, record_did, record_rkey, record_rev)
      select a.id, a.id, b.id, 'did:plc:o' || a.i, 'a', '3k' from n a join n b on b.i = a.i + 1;
    insert into memberships (id, scene_id, user_did, status, record_status, record_did, record_rkey, record_rev)
      select id, id, 'did:plc:u' || i, 'active', 'active', 'did:plc:o' || i, 'm', '3k' from n;
    insert into stream_sessions (id, scene_id, room_name, host_did, started_at, ended_at, record_did, record_rkey, record_rev)
      select id, id, 'room ' || i, 'did:plc:o' || i, timestamptz '2020-01-01' + i * interval '1 minute',
        timestamptz '2030-01-01', 'did:plc:o' || i, 't', '3k' from n;`);
  for (const [index, [rkey, changes]] of SCENES.entries()) {
    const scene = rkey === "seen" ? SEEN : `00000000-0000-4000-8000-0000000001${index}0`;
    await scenario(sql, scene, rkey, changes);
  }
  // In the visible scene: hidden rows of each kind.
  for (
    const [name, changes] of SCENES.filter(([rkey]) => rkey === "deleted" || rkey === "moderated")
  ) {
    await children(sql, SEEN, name, changes);
  }
  await children(sql, SEEN, "hidden", "hidden");
  await sql`analyze`;
}

/** A scene that every query would show, with children that it would show too. */
async function scenario(sql: Sql, id: string, rkey: string, changes: string): Promise<void> {
  await sql.unsafe(`
    insert into scenes (id, name, description, owner_did, record_did, record_rkey, record_rev, tags, allow_precise, precise_point,
      coarse_geohash, display_point, created_at)
    values ('${id}', 'Café ${rkey}', 'concert', 'did:plc:owner', 'did:plc:owner', '${rkey}', '3k', '{rare}', true,
      st_makepoint(13.405, 52.505), 'u33dbc', st_makepoint(13.405, 52.505), now())`);
  await children(sql, id, rkey, "");
  if (changes === "") return;
  const places = "precise_point = null, coarse_geohash = null, display_point = null";
  await sql.unsafe(
    `update scenes set ${changes}${
      changes.includes("indexer_live") ? `, ${places}` : ""
    } where id = '${id}'`,
  );
}

async function children(sql: Sql, scene: string, rkey: string, changes: string): Promise<void> {
  const id = (kind: string): string =>
    rkey === "seen" && kind === "event" ? `'${SEEN_EVENT}'` : "gen_random_uuid()";
  const key = `'did:plc:owner', '${rkey} ${scene}', '3k'`;
  const isHidden = changes === "hidden";
  await sql.unsafe(`
    insert into events (id, scene_id, title, description, starts_at, status, record_did, record_rkey, record_rev, tags,
      coarse_geohash, display_point)
    values (${id("event")}, '${scene}', 'Café ${
    isHidden ? "seen" : rkey
  }', 'concert', '2031-02-01', 'live', ${key}, '{rare}', 'u33dbc',
      st_makepoint(13.405, 52.505));
    insert into posts (id, scene_id, event_id, author_did, text, record_did, record_rkey, record_rev, labels)
    select gen_random_uuid(), '${scene}', e.id, 'did:plc:author', 'Café ${rkey}, a concert', ${key},
      ${
    isHidden ? "'{hidden}'" : "'{}'::text[]"
  } from events e where e.record_rkey = '${rkey} ${scene}';
    insert into posts (id, scene_id, author_did, text, record_did, record_rkey, record_rev, labels)
    values (gen_random_uuid(), '${scene}', 'did:plc:spammer', 'spam ${rkey}', 'did:plc:spammer', '${rkey} ${scene}', '3k', '{spam,hidden}');
    insert into alliances (id, from_scene_id, to_scene_id, record_did, record_rkey, record_rev)
    select gen_random_uuid(), '${SEEN}', '${scene}', ${key} where '${scene}' <> '${SEEN}';
    insert into alliances (id, from_scene_id, to_scene_id, record_did, record_rkey, record_rev)
    select gen_random_uuid(), '${SEEN}', id, 'did:plc:owner', '${rkey} ally', '3k' from scenes where record_rkey = 's' and '${scene}' = '${SEEN}' limit 1;
    insert into memberships (id, scene_id, user_did, status, record_status, record_did, record_rkey, record_rev)
    values (gen_random_uuid(), '${scene}', '${
    rkey === "seen" ? MEMBER : `did:plc:${rkey}`
  }', 'active', 'active', ${key}),
      (gen_random_uuid(), '${scene}', 'did:plc:asks${rkey}', 'pending', 'pending', 'did:plc:asks${rkey}', '${rkey} ${scene}', '3k');
    insert into stream_sessions (id, scene_id, room_name, host_did, record_did, record_rkey, record_rev)
    values (gen_random_uuid(), '${scene}', 'the room', 'did:plc:owner', ${key})`);
  if (changes === "" || isHidden) return;
  for (const table of ["events", "posts", "alliances", "memberships", "stream_sessions"]) {
    const places = table === "events" && changes.includes("indexer_live")
      ? ", coarse_geohash = null, display_point = null"
      : "";
    await sql.unsafe(`update ${table} set ${changes}${places} where record_rkey like '${rkey} %'`);
  }
}
