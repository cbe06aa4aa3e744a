/** Tables filled with the largest records, or with very many: by SQL, which is fast. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { recordId } from "../../../lib/mapper/record_id.ts";

/** Almost the maximum size of a record: a megabyte of JSON. */
export const TEXT_BYTES = 900_000;

/** A revision below any that the tests send. */
const REV = "3aaaaaaaaaaaa";

export const OWNER = "did:plc:owner";
export const AUTHOR = "did:plc:author";

export function uriOf(did: string, name: string, rkey: string): string {
  return `at://${did}/app.subcult.${name}/${rkey}`;
}

function idOf(did: string, name: string, rkey: string): string {
  return recordId({ did, collection: `app.subcult.${name}`, rkey });
}

/** A scene of the owner's. */
export async function aScene(sql: Sql): Promise<void> {
  await knownAccounts(sql, OWNER, AUTHOR);
  await ledger(sql, { did: OWNER, name: "scene", count: 1, record: { name: "scene" }, bytes: 0 });
  await sql`insert into scenes (id, name, owner_did, record_did, record_rkey, record_rev)
    values (${idOf(OWNER, "scene", "scene1")}, 'scene', ${OWNER}, ${OWNER}, 'scene1', ${REV})`;
}

/** Large posts of the author's in the owner's scene. */
export async function largePosts(sql: Sql, count: number): Promise<void> {
  const record = { text: "post", sceneId: uriOf(OWNER, "scene", "scene1") };
  await ledger(sql, { did: AUTHOR, name: "post", count, record, bytes: TEXT_BYTES });
  await sql`
    insert into posts (id, scene_id, author_did, text, record_did, record_rkey, record_rev)
    select gen_random_uuid(), ${idOf(OWNER, "scene", "scene1")}, ${AUTHOR}, 'post', ${AUTHOR},
      'post' || i, ${REV}
    from generate_series(1, ${count}::int) as i`;
}

/** Large events in the owner's scene. */
export async function largeEvents(sql: Sql, count: number): Promise<void> {
  const record = { name: "event", sceneId: "scene1", startsAt: "2026-09-01T20:00:00Z" };
  await ledger(sql, { did: OWNER, name: "event", count, record, bytes: TEXT_BYTES });
  const rows = Array.from({ length: count }, (_, i) => {
    const rkey = `event${i + 1}`;
    return { id: idOf(OWNER, "event", rkey), rkey };
  });
  await sql`
    insert into events (id, scene_id, title, starts_at, record_did, record_rkey, record_rev)
    select (r ->> 'id')::uuid, ${idOf(OWNER, "scene", "scene1")}, 'event', now(), ${OWNER},
      r ->> 'rkey', ${REV}
    from json_array_elements(${JSON.stringify(rows)}::text::json) as r`;
}

/** Many scenes of one repository, as people make them. */
export async function manyScenes(sql: Sql, count: number): Promise<void> {
  await knownAccounts(sql, OWNER);
  await ledger(sql, { did: OWNER, name: "scene", count, record: { name: "scene" }, bytes: 500 });
  await sql`insert into scenes (id, name, owner_did, record_did, record_rkey, record_rev)
    select gen_random_uuid(), 'scene', ${OWNER}, ${OWNER}, 'scene' || i, ${REV}
    from generate_series(1, ${count}::int) as i`;
}

/** Open dead letters with large payloads, each of which can be retried. */
export async function largeLetters(sql: Sql, count: number): Promise<void> {
  const record = { text: "letter", sceneId: uriOf(OWNER, "scene", "scene1") };
  await sql`
    insert into dead_letters (fingerprint, reason, detail, did, collection, rkey, rev, payload)
    select 'letter' || i, 'database_refused', 'a test', ${AUTHOR}, 'app.subcult.post',
      'letter' || i, ${REV}, jsonb_build_object('time_us', 1787218200000000, 'record',
        ${
    JSON.stringify(record)
  }::text::jsonb || jsonb_build_object('padding', repeat('x', ${TEXT_BYTES}::int)))
    from generate_series(1, ${count}::int) as i`;
}

async function knownAccounts(sql: Sql, ...dids: readonly string[]): Promise<void> {
  for (const did of dids) {
    await sql`insert into accounts (did, known_since) values (${did}, '2026-01-01')
      on conflict do nothing`;
  }
}

interface Rows {
  readonly did: string;
  readonly name: string;
  readonly count: number;
  readonly record: object;
  /** The common fields of each record. */
  readonly bytes: number;
}

async function ledger(sql: Sql, { did, name, count, record, bytes }: Rows): Promise<void> {
  await sql`
    insert into records
      (did, collection, rkey, rev, idempotency_key, state, record, event_time, created_at)
    select ${did}, ${`app.subcult.${name}`}, ${name} || i, ${REV}, 'none', 'applied',
      ${
    JSON.stringify(record)
  }::text::jsonb || jsonb_build_object('padding', repeat('x', ${bytes}::int)),
      '2026-01-01', '2026-01-01'
    from generate_series(1, ${count}::int) as i`;
}
