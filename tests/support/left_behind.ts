/** What a test may leave in its database. */

import type { Sql } from "../../lib/repository/connection/sql.ts";

/** A row. */
export const LETTER =
  "insert into dead_letters (fingerprint, reason, detail) values ('a', 'b', 'c')";

/** Objects other than rows that a test may leave behind. */
export const LEFT_BEHIND = [
  "select",
  "alter table records drop column rev",
  "alter table events alter title drop not null",
  "alter table scenes add constraint named check (name <> 'x')",
  "create table more (n int)",
  "update schema_migrations set checksum = 'edited'",
  "drop table schema_migrations",
  "drop table scenes cascade",
  "drop index idx_records_loose_references",
  "create schema other create table more (n int)",
  `create function refuse() returns trigger language plpgsql as 'begin return null; end';
   create trigger refuse before insert on dead_letters for each row execute function refuse()`,
  "create domain short as text check (length(value) < 3)",
  "create rule refuse as on insert to dead_letters do instead nothing",
];

/** All objects of the database except data and those of PostGIS. */
export async function definitionsIn(sql: Sql): Promise<unknown> {
  const rows = await sql<{ kind: string; what: string }[]>`
    select 'column' as kind, attrelid::regclass || '.' || attname || ' ' || attnotnull as what
      from pg_attribute where attrelid > 16383 and attnum > 0 and not attisdropped
    union all select 'constraint', conname || pg_get_constraintdef(oid) from pg_constraint where oid > 16383
    union all select 'index', pg_get_indexdef(indexrelid) from pg_index where indexrelid > 16383
    union all select 'trigger', pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all select 'rule', pg_get_ruledef(oid) from pg_rewrite where oid > 16383
    union all select 'function', oid::regprocedure::text from pg_proc where oid > 16383
    union all select 'type', typname from pg_type where oid > 16383
    union all select 'migration', version || checksum from schema_migrations
    order by 1, 2`;
  return rows.filter(({ what }) => !/pg_toast|^_?pg_/.test(what)).map(({ kind, what }) =>
    `${kind} ${what}`
  );
}
