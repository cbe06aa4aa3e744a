/**
 * Empties a database for the next test. Starting another embedded one takes ten times as long as dropping all
 * objects, and deleting only the rows is faster still. A copy of a server's takes thirty times as long as that.
 */

import type { Sql } from "../../lib/repository/connection/sql.ts";
import { migrate } from "../../lib/repository/schema/migrate.ts";

/** The state of the catalogs after the migrations; null when nothing is migrated. */
export type Schema = string | null;

/** Empties the tables of the migrations, and returns the state of the catalogs; `schema`: their previous state. */
export async function emptied(sql: Sql, schema: Schema): Promise<Schema> {
  return await withoutRows(sql, schema) ?? await madeAnew(sql);
}

/** The same, without a trace of rows. */
export async function asNew(sql: Sql, schema: Schema): Promise<Schema> {
  return await withoutTraces(sql, schema) ?? await madeAnew(sql);
}

/** Deletes all rows; null when more than rows was changed. */
export async function withoutRows(sql: Sql, schema: Schema): Promise<Schema> {
  if (schema === null || await schemaNow(sql) !== schema) return null;
  await sql.unsafe(DELETE_EVERYTHING);
  return schema;
}

/**
 * Removes rows, the space that they took, and the planner's statistics, so that a test file finds the same
 * database as when it runs alone; null when more than rows was changed.
 */
export async function withoutTraces(sql: Sql, schema: Schema): Promise<Schema> {
  if (schema === null || await schemaNow(sql) !== schema) return null;
  await sql.unsafe(TRUNCATE_EVERYTHING);
  return await schemaNow(sql);
}

async function madeAnew(sql: Sql): Promise<Schema> {
  await sql.unsafe(DROP_EVERYTHING);
  await migrate(sql);
  return await schemaNow(sql);
}

/** Drops everything except PostGIS. */
export async function dropped(sql: Sql): Promise<null> {
  await sql.unsafe(DROP_EVERYTHING);
  return null;
}

/** Creating, altering or dropping any object changes a row of one of these catalogs. */
const CATALOGS = [
  "schema_migrations",
  "pg_attrdef",
  "pg_attribute",
  "pg_class",
  "pg_constraint",
  "pg_db_role_setting where setdatabase <> 0",
  "pg_default_acl",
  "pg_event_trigger",
  "pg_extension",
  "pg_index",
  "pg_namespace",
  "pg_policy",
  "pg_proc",
  "pg_rewrite",
  "pg_trigger",
  "pg_type",
];

/** Says "frozen" instead of an age: the row's transaction is older than any other. */
const FROZEN = 2 ** 31 - 1;

/** How many rows each catalog has, and which transaction wrote last; null when a test dropped one. */
export async function schemaNow(sql: Sql): Promise<Schema> {
  const each = CATALOGS.map((name) =>
    `(select concat(count(*), ' ', age('3'::xid) - min(nullif(age(xmin), ${FROZEN}))) from ${name})`
  );
  const [there] = await sql`select to_regclass('schema_migrations') is not null as migrated`;
  if (!there?.["migrated"]) return null;
  const [row] = await sql.unsafe<{ schema: string }[]>(`select concat_ws(', ', ${each}) as schema`);
  return row?.schema ?? null;
}

let times = 0;

/**
 * Empties some tables. Deleting takes a tenth of the time of truncating, which creates new files, and
 * leaves dead rows, so they are truncated now and then.
 */
export async function emptyTables(sql: Sql, ...tables: readonly string[]): Promise<void> {
  if (++times % 100 === 0) {
    await sql.unsafe(`truncate ${tables.join(", ")}`);
    return;
  }
  const deletes = tables.map((table) => `delete from ${table};`).join("\n");
  await sql.unsafe(`do $$ begin
    set local session_replication_role = replica;
    ${deletes}
  end $$`);
}

/** The tables of the migrations. Tables of extensions keep their rows. */
const TABLES = `select oid::regclass as name from pg_class c
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
    and relname <> 'schema_migrations'
    and not exists (select from pg_depend where objid = c.oid and deptype = 'e')`;

const RESTART_SEQUENCES = "perform setval(seqrelid::regclass, seqstart, false) from pg_sequence";

/** Disables foreign keys, so that rows can be deleted in any order. */
const DELETE_EVERYTHING = `do $$
  declare
    it record;
  begin
    set local session_replication_role = replica;
    for it in ${TABLES} loop
      execute format('delete from %s', it.name);
    end loop;
    ${RESTART_SEQUENCES};
  end
$$`;

const TRUNCATE_EVERYTHING = `do $$
  begin
    execute (select format('truncate %s', string_agg(name::text, ', ')) from (${TABLES}) as tables);
    delete from pg_statistic where starelid in (select name from (${TABLES}) as tables);
    ${RESTART_SEQUENCES};
  end
$$`;

/** All objects except PostGIS. */
const DROP_EVERYTHING = `do $$
  declare
    it record;
  begin
    for it in
      select nspname from pg_namespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
    loop
      execute format('drop schema %I cascade', it.nspname);
    end loop;
    -- As text and sorted, so that all names are known before the first of them is gone.
    for it in
      select oid::regclass::text as name, case relkind
        when 'v' then 'view' when 'm' then 'materialized view'
        when 'S' then 'sequence' else 'table' end as kind
      from pg_class c
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
        and not exists (select from pg_depend where objid = c.oid and deptype in ('e', 'i', 'a'))
      order by name
    loop
      execute format('drop %s if exists %s cascade', it.kind, it.name);
    end loop;
    for it in
      select oid::regprocedure::text as name from pg_proc p
      where pronamespace = 'public'::regnamespace
        and not exists (select from pg_depend where objid = p.oid and deptype = 'e')
      order by name
    loop
      execute format('drop routine if exists %s cascade', it.name);
    end loop;
    for it in
      select oid::regtype::text as name from pg_type t
      where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
        and not exists (select from pg_depend where objid = t.oid and deptype = 'e')
      order by name
    loop
      execute format('drop type if exists %s cascade', it.name);
    end loop;
  end
$$`;
