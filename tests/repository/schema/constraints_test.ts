/** The constraints of the database: each rule at its limit, for any writer. */

import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { databaseTest } from "../../support/database.ts";

type Columns = Readonly<Record<string, string>>;

/** Inserts a row of SQL expressions. Returns the constraint that refuses it, or null when it is taken. */
async function refusedBy(sql: Sql, table: string, columns: Columns): Promise<string | null> {
  try {
    await sql.unsafe(
      `insert into ${table} (${Object.keys(columns)}) values (${Object.values(columns)})`,
    );
    return null;
  } catch (error) {
    if (error instanceof Error && "constraint" in error) return String(error.constraint);
    throw error;
  }
}

async function assertRules(
  sql: Sql,
  table: string,
  base: Columns,
  rules: readonly (readonly [constraint: string | null, changes: Columns])[],
): Promise<void> {
  for (const [index, [constraint, changes]] of rules.entries()) {
    const key = base["rkey"] === undefined ? {} : { rkey: `'k${index}'` };
    const found = await refusedBy(sql, table, { ...base, ...key, ...changes });
    assert.equal(found, constraint, `${table} ${JSON.stringify(changes)}`);
  }
}

const RECORD = {
  did: "'did:plc:a'",
  collection: "'app.subcult.scene'",
  rkey: "'k'",
  rev: "'3m'",
  idempotency_key: "'x'",
  state: "'applied'",
  event_time: "now()",
  created_at: "now()",
};

databaseTest(
  "the ledger refuses states that disagree, and places without consent",
  async ({ sql }) => {
    await assertRules(sql, "records", RECORD, [
      ["chk_records_waiting", { state: "'waiting'" }],
      ["chk_records_waiting", { waiting_for: "'at://a/b/c'" }],
      [null, { state: "'waiting'", waiting_for: "'at://a/b/c'" }],
      ["chk_records_deleted", { state: "'deleted'", record: "'{}'" }],
      [null, { state: "'deleted'" }],
      ["records_state_check", { state: "'gone'" }],
      ["chk_records_consent", { record: `'{"location": {"lat": 1}}'` }],
      ["chk_records_consent", { record: `'{"location": {"lng": 1, "allowPrecise": false}}'` }],
      ["chk_records_consent", { record: `'{"location": {"lng": 1, "allowPrecise": "true"}}'` }],
      [null, { record: `'{"location": {"lat": 1, "lng": 1, "allowPrecise": true}}'` }],
      ["chk_records_geohash", { record: `'{"location": {"coarseGeohash": "c22yzug"}}'` }],
      [null, { record: `'{"location": {"coarseGeohash": "c22yzu"}}'` }],
      ["chk_records_geohash_beside", { record: `'{"coarseGeohash": "c22yzug"}'` }],
      [null, { record: `'{"coarseGeohash": "c22yzu"}'` }],
    ]);
  },
);

databaseTest(
  "dead letters are each of one fingerprint, and hold no place without consent",
  async ({ sql }) => {
    const letter = { fingerprint: "'f'", reason: "'r'", detail: "'d'" };
    const place = (location: string): Columns => ({
      fingerprint: "gen_random_uuid()::text",
      payload: `'{"record": {"location": ${location}}}'`,
    });
    await assertRules(sql, "dead_letters", letter, [
      [null, {}],
      ["dead_letters_fingerprint_key", {}],
      ["chk_dead_letters_consent", place(`{"lat": 1, "lng": 1}`)],
      [null, place(`{"lat": 1, "lng": 1, "allowPrecise": true}`)],
      ["chk_dead_letters_geohash", place(`{"coarseGeohash": "c22yzug"}`)],
      [null, place(`{"coarseGeohash": "c22yzu"}`)],
      ["chk_dead_letters_resolved", { fingerprint: "'g'", resolved_at: "now()" }],
      ["dead_letters_resolution_check", {
        fingerprint: "'g'",
        resolved_at: "now()",
        resolution: "'lost'",
      }],
    ]);
  },
);

const POINT = "'point(13.4 52.5)'";

databaseTest(
  "scenes and events have no exact place without consent, and no place when they are hidden",
  async ({ sql }) => {
    const scene = { id: "gen_random_uuid()", name: "'n'", owner_did: "'did:plc:a'" };
    await assertRules(sql, "scenes", scene, [
      ["chk_precise_consent", { precise_point: POINT }],
      [null, { precise_point: POINT, allow_precise: "true" }],
      ["chk_scene_geohash", { coarse_geohash: "'c22yzug'" }],
      [null, { coarse_geohash: "'c22yzu'" }],
      ["chk_scene_hidden", { indexer_live: "false", coarse_geohash: "'c22yzu'" }],
      ["chk_scene_hidden", { indexer_live: "false", display_point: POINT }],
      [null, { indexer_live: "false" }],
    ]);
    const of = "(select id from scenes limit 1)";
    const event = {
      id: "gen_random_uuid()",
      title: "'t'",
      scene_id: of,
      starts_at: "'2026-01-01Z'",
    };
    await assertRules(sql, "events", event, [
      ["chk_event_precise_consent", { precise_point: POINT }],
      [null, { precise_point: POINT, allow_precise: "true" }],
      ["chk_event_geohash", { coarse_geohash: "'c22yzug'" }],
      ["chk_event_hidden", { indexer_live: "false", display_point: POINT }],
      ["chk_event_time", { ends_at: "'2026-01-01Z'" }],
      [null, { ends_at: "'2026-01-01T00:00:01Z'" }],
    ]);
  },
);

databaseTest(
  "a stream may end at its start, and its row outlasts the row of its scene",
  async ({ sql }) => {
    await sql`insert into scenes (id, name, owner_did)
    values ('00000000-0000-8000-8000-000000000001', 'n', 'did:plc:a')`;
    const session = {
      id: "gen_random_uuid()",
      scene_id: "'00000000-0000-8000-8000-000000000001'",
      room_name: "'r'",
      host_did: "'did:plc:a'",
      started_at: "'2026-01-01Z'",
    };
    await assertRules(sql, "stream_sessions", session, [
      [null, { ended_at: "'2026-01-01Z'" }],
      ["chk_stream_time", { ended_at: "'2025-12-31T23:59:59Z'" }],
    ]);
    await sql`delete from scenes`;
    const left = await sql`select scene_id from stream_sessions`;
    assert.deepEqual(left.map((row) => row["scene_id"]), [null]);
  },
);

databaseTest(
  "the duration of a lease is positive, and keys compare as bytes in any locale",
  async ({ sql }) => {
    await assertRules(sql, "indexer_state", { consumer: "'c'" }, [
      ["indexer_state_lease_ms_check", { lease_ms: "0" }],
      [null, { lease_ms: "1" }],
    ]);
    const keys = await sql<{ name: string; collation: string }[]>`
    select c.relname || '.' || a.attname as name, l.collname as collation
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_collation l on l.oid = a.attcollation
    where c.relname in ('records', 'dead_letters', 'accounts') and a.attname in
      ('did', 'collection', 'rkey', 'rev', 'waiting_for', 'fingerprint')`;
    assert.equal(keys.length, 5 + 5 + 1);
    for (const { name, collation } of keys) assert.equal(collation, "C", name);
  },
);

/** The rows in each partial index of the ledger. */
const PARTIAL: Readonly<Record<string, string>> = {
  idx_records_waiting_for: "(waiting_for IS NOT NULL)",
  idx_records_waiting_did: "(waiting_for IS NOT NULL)",
  idx_records_loose_references: "(loose_references IS NOT NULL)",
  idx_dead_letters_open_key: "(resolved_at IS NULL)",
  idx_dead_letters_due: "((resolved_at IS NULL) AND (next_attempt_at IS NOT NULL))",
  idx_reconciles_due: "(next_attempt_at IS NOT NULL)",
};

databaseTest(
  "partial indexes of the ledger contain only the rows that they serve",
  async ({ sql }) => {
    const found = await sql<{ name: string; holds: string | null }[]>`
    select indexrelid::regclass::text as name, pg_get_expr(indpred, indrelid) as holds
    from pg_index where indexrelid::regclass::text = any (string_to_array(${
      Object.keys(PARTIAL).join()
    }, ','))`;
    assert.deepEqual(Object.fromEntries(found.map(({ name, holds }) => [name, holds])), PARTIAL);
  },
);

databaseTest("search ignores accents of all kinds", async ({ sql }) => {
  const [row] = await sql<{ plain: string }[]>`
    select without_accents('Ünïcôdé ñ ç ǎ ő Łódź Straße Ǆ 한국') as plain`;
  assert.equal(row?.plain, "Unicode n c a o Lodz Strasse Ǆ 한국");
});
