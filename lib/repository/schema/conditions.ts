/**
 * The conditions that a database must meet: one list for `check`, `migrate` and `run`. Checked without
 * changing anything.
 */

import { MIGRATIONS } from "./migrations.ts";
import type { Sql } from "../connection/sql.ts";

/** A condition that is not met. */
export interface Unmet {
  readonly what: string;
  readonly sentence: string;
  /** Whether it can resolve by itself: a standby becomes the primary. */
  readonly passes: boolean;
}

export interface DatabaseFacts {
  readonly database: string;
  readonly role: string;
  readonly version: string;
  readonly encoding: string;
  /** The role's search_path. */
  readonly path: string;
  /** The schema of our tables, now or after `migrate`; null when the path names no schema. */
  readonly schema: string | null;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
  readonly mayCreate: boolean;
  /** The schema of PostGIS, where installed; and whether the role may use it. */
  readonly postgisSchema: string | null;
  readonly mayUsePostgis: boolean;
  /** Whether there is a table schema_migrations, and whether it is ours. */
  readonly hasMigrations: boolean;
  readonly migrationsAreOurs: boolean;
  /** Our tables that the role can't read and write. */
  readonly forbidden: readonly string[];
  /** Other roles that may create functions in the schemas that our statements search. */
  readonly creators: readonly { readonly schema: string; readonly role: string }[];
}

/** Every table that a migration creates. */
const TABLES = [
  ...new Set(
    MIGRATIONS.flatMap(({ sql }) => [...sql.matchAll(/^create table (?:if not exists )?(\w+)/gm)])
      .map(([, name]) => name),
  ),
];

const FACTS = `
with place as (
  select coalesce(
    (select n.nspname::text from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where c.oid = pg_catalog.to_regclass('indexer_state')),
    pg_catalog.current_schema()::text) as schema,
    (select n.nspname::text from pg_catalog.pg_extension as e
      join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
      where e.extname = 'postgis') as postgis
), migrations as (
  select pg_catalog.to_regclass(
    pg_catalog.quote_ident(schema) || '.schema_migrations') as id from place
)
select current_database()::text as database, current_user::text as role,
  current_setting('server_version') as version,
  (select pg_catalog.pg_encoding_to_char(encoding)::text from pg_catalog.pg_database
    where datname = current_database()) as encoding,
  current_setting('search_path') as path,
  place.schema,
  pg_catalog.pg_is_in_recovery() as "isStandby",
  current_setting('transaction_read_only') = 'on' as "isReadOnly",
  coalesce(pg_catalog.has_schema_privilege(place.schema, 'create'), false) as "mayCreate",
  place.postgis as "postgisSchema",
  coalesce(pg_catalog.has_schema_privilege(place.postgis, 'usage'), false) as "mayUsePostgis",
  migrations.id is not null as "hasMigrations",
  exists (select from pg_catalog.pg_attribute
    where attrelid = migrations.id and attname = 'checksum') as "migrationsAreOurs",
  coalesce((select pg_catalog.json_agg(c.relname order by c.relname)
    from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = place.schema and c.relkind in ('r', 'p')
      and c.relname in (select pg_catalog.json_array_elements_text($1::text::json))
      and not (pg_catalog.has_table_privilege(c.oid, 'select')
        and pg_catalog.has_table_privilege(c.oid, 'insert')
        and pg_catalog.has_table_privilege(c.oid, 'update')
        and pg_catalog.has_table_privilege(c.oid, 'delete'))), '[]') as forbidden,
  coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('schema', n.nspname, 'role', r.name))
    from pg_catalog.pg_namespace as n, lateral (
      select 'PUBLIC' as name where pg_catalog.has_schema_privilege('public', n.oid, 'create')
      union all
      (select r.rolname::text from pg_catalog.pg_roles as r
        where not pg_catalog.has_schema_privilege('public', n.oid, 'create')
          and pg_catalog.has_schema_privilege(r.oid, n.oid, 'create')
          and not r.rolsuper and r.rolname <> current_user and r.rolname !~ '^pg_'
          and r.oid <> n.nspowner
          and r.oid <> (select datdba from pg_catalog.pg_database where datname = current_database())
        order by 1 limit 3)) as r
    where n.nspname in (place.schema, place.postgis)), '[]') as creators
from place, migrations`;

/** Reads the facts of a database, as the role sees it. */
export async function factsOf(sql: Sql): Promise<DatabaseFacts> {
  return await sql.begin(async (tx) => {
    const path = tx.unsafe("set local search_path to default");
    const rows = tx.unsafe<DatabaseFacts[]>(FACTS, [JSON.stringify(TABLES)]);
    const [, [facts]] = await Promise.all([path, rows]);
    if (facts === undefined) throw new Error("cannot check the database: the query gave no row");
    return facts;
  });
}

/** The unmet conditions, apart from migrations and PostGIS. */
export function unmetConditions(facts: DatabaseFacts): readonly Unmet[] {
  const { database, role, schema, encoding, path, postgisSchema } = facts;
  const unmet: Unmet[] = [];
  const add = (what: string, sentence: string, passes = false): void => {
    unmet.push({ what, sentence: `cannot use database ${database}: ${sentence}`, passes });
  };
  if (encoding !== "UTF8") {
    add(
      "encoding",
      `its encoding is ${encoding}, which can't hold every text; create another one: ` +
        "create database NAME encoding 'UTF8' template template0, with a locale of UTF-8",
    );
  }
  if (schema === null) {
    add(
      "search_path",
      `the search_path of the role ${role} is ${path}, and it names no existing schema; ` +
        `set it: alter role ${role} set search_path = public`,
    );
  }
  if (facts.isStandby) {
    add("read-only", "the server is a standby, expected the primary (DATABASE_URL)", true);
  } else if (facts.isReadOnly) {
    add("read-only", "it is read-only: see default_transaction_read_only", true);
  }
  if (postgisSchema !== null && !facts.mayUsePostgis) {
    add(
      "PostGIS",
      `the role ${role} may not use the schema of PostGIS; ` +
        `run as its owner: grant usage on schema ${postgisSchema} to ${role}`,
    );
  }
  if (facts.hasMigrations && !facts.migrationsAreOurs) {
    add(
      "migrations",
      `the table schema_migrations in the schema ${schema} is another program's; ` +
        `create a schema for the indexer: create schema indexer authorization ${role}; ` +
        `alter role ${role} set search_path = indexer`,
    );
  }
  const forbidden = facts.forbidden.filter((table) => table !== "schema_migrations");
  if (forbidden.length > 0) {
    add(
      "rights",
      `the role ${role} may not write ${forbidden.join(", ")}; run as the owner: ` +
        `grant select, insert, update, delete on all tables in schema ${schema} to ${role}`,
    );
  }
  return unmet;
}

/** Conditions that are allowed but worth a warning. */
export function warningsOf({ creators }: DatabaseFacts): readonly string[] {
  return creators.map(({ schema, role }) =>
    role === "PUBLIC"
      ? `every role may create functions in the schema ${schema}, which others then may run; ` +
        `better: revoke create on schema ${schema} from public`
      : `the role ${role} may create functions in the schema ${schema}, which others then may run`
  );
}
