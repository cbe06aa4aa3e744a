/**
 * Migrates a database to the schema of this program. Several instances may do it at once: a transaction-level
 * lock serializes them, also through a transaction-mode pooler.
 */

import { factsOf, unmetConditions } from "./conditions.ts";
import type { Asking, Sql, TransactionSql } from "../connection/sql.ts";
import { createHash } from "node:crypto";
import { SQLSTATE } from "../../sqlstate_table.ts";
import { sqlStateOf } from "../connection/sqlstate.ts";
import { type Migration, MIGRATIONS } from "./migrations.ts";

const MIGRATION_LOCK = 0x6d_69_67_72; // "migr"

/** The database can't be used as it is, and a retry won't help. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** Nothing can be written now, but a retry can succeed when the server becomes the primary again. */
export class ReadOnlyError extends Error {
  override readonly name = "ReadOnlyError";
  readonly code = SQLSTATE.readOnlyTransaction;
}

/** The step that has just finished. */
export type MigrationStep = "locked" | "applied" | "committed";

export interface MigrateOptions {
  readonly migrations?: readonly Migration[];
  /** Called after each step: used to inject faults and to see progress. */
  readonly step?: (name: MigrationStep) => void | Promise<void>;
}

/** Where the migration runs, for its messages. */
interface Place {
  readonly database: string;
  readonly role: string;
  readonly version: string;
}

/** Applies the missing migrations in one transaction. Returns their versions. */
export async function migrate(sql: Sql, options: MigrateOptions = {}): Promise<number[]> {
  const { migrations = MIGRATIONS, step } = options;
  const [unmet] = unmetConditions(await factsOf(sql));
  if (unmet !== undefined) {
    throw new (unmet.passes ? ReadOnlyError : MigrationError)(unmet.sentence);
  }
  let place: Place | undefined;
  try {
    const applied = await sql.begin(async (tx) => {
      // A limit of the role for the queries of an app would end each attempt, and the program would never start.
      await tx`select set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`;
      [place] = await tx<Place[]>`
        select current_database() as database, current_user as role,
          current_setting('server_version') as version, pg_catalog.pg_advisory_xact_lock(${MIGRATION_LOCK})`;
      await step?.("locked");
      await createMigrationsTable(tx);
      const pending = await pendingMigrations(tx, true, migrations);
      if (pending.some(({ version }) => version === 1)) await createPostgis(tx, place);
      for (const { version, name, sql } of pending) {
        await tx.unsafe(sql);
        await tx`insert into schema_migrations (version, name, checksum)
          values (${version}, ${name}, ${checksum(sql)})`;
        await step?.("applied");
      }
      return pending.map(({ version }) => version);
    });
    await step?.("committed");
    return applied;
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.insufficientPrivilege || place === undefined) throw error;
    throw new MigrationError(
      `cannot migrate database ${place.database}: the role ${place.role} may not do that; run the command ` +
        `migrate once as the owner of the database, or let the role create tables in the schema public`,
      { cause: error },
    );
  }
}

/** Checks first: `if not exists` needs the right to create even when the table exists. */
async function createMigrationsTable(tx: TransactionSql): Promise<void> {
  const [found] = await tx<{ there: boolean }[]>`
    select to_regclass('schema_migrations') is not null as there`;
  if (found?.there) return;
  await tx`create table schema_migrations (
    version integer primary key, name text not null, checksum text not null,
    applied_at timestamptz not null default now())`;
}

/** Whether every migration is applied. */
export async function isMigrated(sql: Sql): Promise<boolean> {
  try {
    const [row] = await sql<{ version: number }[]>`
      select coalesce(max(version), 0) as version from schema_migrations`;
    return (row?.version ?? 0) >= (MIGRATIONS.at(-1)?.version ?? 0);
  } catch (error) {
    // No such table: no migration was ever applied.
    if (sqlStateOf(error) === SQLSTATE.undefinedTable) return false;
    throw error;
  }
}

/** The missing migrations. `isThere`: whether the table of applied migrations exists. */
export async function pendingMigrations(
  tx: Asking,
  isThere: boolean,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly Migration[]> {
  if (!isThere) return migrations;
  const rows = await tx<{ version: number; name: string; checksum: string }[]>`
    select version, name, checksum from schema_migrations order by version`;
  const known = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const { version, name, checksum: stored } of rows) {
    const migration = known.get(version);
    if (migration === undefined) {
      throw new MigrationError(
        `cannot use this database: migration ${version} (${name}) is newer than this program, ` +
          `which knows ${migrations.length}; run the newer program`,
      );
    }
    if (checksum(migration.sql) !== stored) {
      throw new MigrationError(
        `cannot use this database: migration ${version} (${name}) was edited after it was applied; ` +
          `restore it and put the change into a new migration`,
      );
    }
  }
  const done = new Set(rows.map(({ version }) => version));
  return migrations.filter(({ version }) => !done.has(version));
}

async function createPostgis(tx: TransactionSql, place: Place | undefined): Promise<void> {
  try {
    await tx.savepoint((inner) => inner`create extension if not exists postgis`);
  } catch (error) {
    const sqlState = sqlStateOf(error);
    const { database = "", version = "" } = place ?? {};
    if (sqlState === SQLSTATE.insufficientPrivilege) {
      throw new MigrationError(
        `cannot create the extension postgis in database ${database}: this role may not; ` +
          `run as a superuser there: create extension postgis`,
        { cause: error },
      );
    }
    if (sqlState === SQLSTATE.featureNotSupported || sqlState === SQLSTATE.undefinedFile) {
      const major = version.split(".")[0];
      throw new MigrationError(
        `cannot create the extension postgis in database ${database}: the server doesn't have it; ` +
          `install it there, on Debian: apt-get install postgresql-${major}-postgis-3`,
        { cause: error },
      );
    }
    throw error;
  }
}

function checksum(sql: string): string {
  return createHash("sha256").update(sql).digest("hex");
}
