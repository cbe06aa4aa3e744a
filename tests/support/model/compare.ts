/** Reads the real tables into the model's form, and checks further rules for rows. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { ALLIANCE, EVENT, MEMBERSHIP, POST, SCENE, STREAM, TABLE_OF, uriOf } from "./address.ts";
import { cellOf, isInside } from "./geohash.ts";
import type { AccountRow, DeadLetter, LedgerRow, Row, Tables, Value } from "./tables.ts";

const PLACE = ["allow_precise", "point precise_point", "coarse_geohash", "point display_point"];
const OWN = ["id", "record_rev", "time created_at", "time updated_at"];

/** Columns by collection, each with its conversion if it is not read unchanged. */
const COLUMNS: ReadonlyMap<string, readonly string[]> = new Map([
  [SCENE, [...OWN, ...PLACE, "name", "description", "owner_did", "tags", "visibility", "palette"]],
  [EVENT, [
    ...OWN,
    ...PLACE,
    ...["scene scene_id", "title", "description", "tags", "status"],
    ...["time starts_at", "time ends_at", "isset cancelled_at"],
  ]],
  [POST, [
    ...OWN,
    ...["scene scene_id", "event event_id", "author_did", "text", "attachments", "labels"],
  ]],
  [ALLIANCE, [
    ...OWN,
    ...["scene from_scene_id", "scene to_scene_id", "weight", "status", "reason", "time since"],
  ]],
  [MEMBERSHIP, [
    ...OWN,
    ...["scene scene_id", "user_did", "role", "status", "trust_weight", "time since"],
  ]],
  [STREAM, [
    ...OWN,
    ...["scene scene_id", "event event_id", "host_did", "room_name", "time started_at"],
    ...["time ended_at", "is_locked", "featured_participant"],
  ]],
]);

/** SQL for each way of reading a column of the row `t`. */
const READ: ReadonlyMap<string, (column: string) => string> = new Map([
  ["time", (column) => `to_char(t.${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`],
  ["isset", (column) => `case when t.${column} is not null then 'set' end`],
  ["point", (column) =>
    `case when t.${column} is not null then jsonb_build_object(
      'lat', st_y(t.${column}::geometry), 'lng', st_x(t.${column}::geometry)) end`],
  ["scene", (column) => parentUri("scenes", SCENE, column)],
  ["event", (column) => parentUri("events", EVENT, column)],
]);

/** Empty text for a parent that is not live, which no expected row has. */
function parentUri(table: string, collection: string, column: string): string {
  return `(select case when p.deleted_at is null
    then 'at://' || p.record_did || '/${collection}/' || p.record_rkey else '' end
    from ${table} p where p.id = t.${column})`;
}

/** Reads every table that the model knows. Product rows: live ones only. */
export async function readTables(sql: Sql): Promise<Tables> {
  const products = new Map<string, ReadonlyMap<string, Row>>();
  for (const [collection, table] of TABLE_OF) {
    products.set(table, await readProducts(sql, collection, table));
  }
  return {
    products,
    ledger: await readLedger(sql),
    accounts: await readAccounts(sql),
    deadLetters: await readDeadLetters(sql),
  };
}

async function readProducts(
  sql: Sql,
  collection: string,
  table: string,
): Promise<ReadonlyMap<string, Row>> {
  const fields = (COLUMNS.get(collection) ?? []).map((column) => {
    const [way = "", name] = column.split(" ");
    return name === undefined ? `'${way}', t.${way}` : `'${name}', ${READ.get(way)?.(name)}`;
  });
  const found = await sql.unsafe<{ did: string; rkey: string; row: Record<string, Value> }[]>(
    `select t.record_did as did, t.record_rkey as rkey, jsonb_build_object(${
      fields.join(", ")
    }) as row
     from ${table} t where t.deleted_at is null`,
  );
  return new Map(found.map(({ did, rkey, row }) => {
    const values = new Map(Object.entries(row));
    if (values.has("display_point")) values.set("display_point", displayOf(row));
    return [uriOf(did, collection, rkey), values];
  }));
}

/** `exact`, `inside cell`, null, or what is wrong. Coordinates stay out of it. */
function displayOf(row: Readonly<Record<string, Value>>): Value {
  const { display_point: shown, precise_point: exact, coarse_geohash: geohash } = row;
  if (shown === null) return null;
  const [point, precise] = [pointOf(shown), pointOf(exact)];
  if (point === null) return "not a point";
  if (precise !== null) {
    const same = point.lat === precise.lat && point.lng === precise.lng;
    return same ? "exact" : "not the exact point";
  }
  const cell = typeof geohash === "string" ? cellOf(geohash) : null;
  if (cell === null) return "a point without a cell";
  return isInside(cell, point.lat, point.lng) ? "inside cell" : "outside cell";
}

function pointOf(value: Value): { lat: number; lng: number } | null {
  if (typeof value !== "object" || value === null) return null;
  if (!("lat" in value) || !("lng" in value)) return null;
  const { lat, lng } = value;
  return typeof lat === "number" && typeof lng === "number" ? { lat, lng } : null;
}

async function readLedger(sql: Sql): Promise<ReadonlyMap<string, LedgerRow>> {
  const found = await sql<{
    did: string;
    collection: string;
    rkey: string;
    rev: string;
    idempotency_key: string;
    state: string;
    reason: string | null;
    waiting_for: string | null;
  }[]>`
    select did, collection, rkey, rev, idempotency_key, state, reason, waiting_for from records`;
  return new Map(found.map((row) => [uriOf(row.did, row.collection, row.rkey), {
    rev: row.rev,
    idempotencyKey: row.idempotency_key,
    state: row.state,
    reasons: row.reason === null ? [] : [row.reason],
    waitingFor: row.waiting_for === null ? [] : [row.waiting_for],
  }]));
}

async function readAccounts(sql: Sql): Promise<ReadonlyMap<string, AccountRow>> {
  const found = await sql<(AccountRow & { did: string })[]>`
    select did, handle, active, status from accounts`;
  return new Map(found.map(({ did, handle, active, status }) => [did, { handle, active, status }]));
}

async function readDeadLetters(sql: Sql): Promise<DeadLetter[]> {
  const found = await sql<{ uri: string | null; rev: string | null; reason: string }[]>`
    select 'at://' || did || '/' || collection || '/' || rkey as uri, rev, reason
    from dead_letters where resolved_at is null`;
  return found.map(({ uri, rev, reason }) => ({
    uri,
    rev: uri === null ? null : rev,
    reasons: [reason],
  }));
}

/** Hidden rows that still hold a place, and rows anywhere that hold one of the forbidden digits. */
export async function brokenRules(sql: Sql, forbidden: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const table of ["scenes", "events"]) {
    const hidden = await sql.unsafe<{ record_did: string; record_rkey: string }[]>(
      `select record_did, record_rkey from ${table} where deleted_at is not null
       and num_nonnulls(precise_point, display_point, coarse_geohash) > 0`,
    );
    for (const { record_did, record_rkey } of hidden) {
      lines.push(`${table} ${record_did}/${record_rkey}: is hidden and still has a place`);
    }
  }
  const patterns = JSON.stringify(forbidden.map((digits) => `%${digits}%`));
  for (const table of ["records", "dead_letters", "accounts", ...TABLE_OF.values()]) {
    const leaks = await sql.unsafe<{ count: number }[]>(
      `select count(*)::int as count from ${table} t 
       where t::text like any (array(select json_array_elements_text($1::text::json)))`,
      [patterns],
    );
    const count = leaks[0]?.count ?? 0;
    if (count > 0) lines.push(`${table}: ${count} rows hold an exact place without consent`);
  }
  return lines;
}
