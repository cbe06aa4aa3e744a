/** Whether a database can be used, checked without changing anything. */

import type { Sql } from "../connection/sql.ts";
import { SQLSTATE } from "../../sqlstate_table.ts";
import { safeDatabaseError } from "../connection/database_error.ts";
import { type DatabaseFacts, factsOf, unmetConditions, warningsOf } from "./conditions.ts";
import { MigrationError, pendingMigrations } from "./migrate.ts";

export interface DatabaseFinding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Checks the connection, PostGIS and the migrations. `name` is the database's, without credentials. */
export async function checkDatabase(sql: Sql, name: string): Promise<DatabaseFinding[]> {
  const findings: DatabaseFinding[] = [];
  try {
    const facts = await factsOf(sql);
    findings.push({ what: "database", ok: true, detail: `${name}, Postgres ${facts.version}` });
    const unmet = unmetConditions(facts);
    if (!unmet.some(({ what }) => what === "PostGIS")) findings.push(await checkPostgis(sql));
    for (const { what, sentence } of unmet) findings.push({ what, ok: false, detail: sentence });
    if (!unmet.some(({ what }) => what === "migrations")) {
      findings.push(await checkMigrations(sql, facts));
    }
    for (const detail of warningsOf(facts)) findings.push({ what: "note", ok: true, detail });
  } catch (error) {
    findings.push({ what: "database", ok: false, detail: `cannot use ${name}: ${advice(error)}` });
  }
  return findings;
}

async function checkMigrations(sql: Sql, facts: DatabaseFacts): Promise<DatabaseFinding> {
  const what = "migrations";
  try {
    const pending = await pendingMigrations(sql, facts.hasMigrations);
    if (pending.length === 0) return { what, ok: true, detail: "up to date" };
    if (facts.mayCreate) {
      return { what, ok: true, detail: "to be applied: run does it, or the command migrate" };
    }
    const { schema, role } = facts;
    return {
      what,
      ok: false,
      detail: `to be applied, and the role ${role} may not create in the schema ${schema}; ` +
        "run the command migrate once as the owner of the database",
    };
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    return { what, ok: false, detail: error.message };
  }
}

async function checkPostgis(sql: Sql): Promise<DatabaseFinding> {
  const [row] = await sql<{ installed: string | null; available: string | null }[]>`
    select (select extversion from pg_extension where extname = 'postgis') as installed,
      (select default_version from pg_available_extensions where name = 'postgis') as available`;
  const { installed = null, available = null } = row ?? {};
  if (installed !== null) return { what: "PostGIS", ok: true, detail: installed };
  if (available === null) {
    return {
      what: "PostGIS",
      ok: false,
      detail:
        "not on the server; install it there, on Debian: apt-get install postgresql-NN-postgis-3",
    };
  }
  if (!await mayCreatePostgis(sql)) {
    return {
      what: "PostGIS",
      ok: false,
      detail: "not in this database; run there as a superuser: create extension postgis",
    };
  }
  return { what: "PostGIS", ok: true, detail: `${available}, will be created` };
}

class Undone extends Error {}

/** Found out by trying, because the rules differ: some providers let ordinary roles create it. */
async function mayCreatePostgis(sql: Sql): Promise<boolean> {
  try {
    await sql.begin(async (tx) => {
      await tx`create extension postgis`;
      throw new Undone();
    });
    return true;
  } catch (error) {
    return error instanceof Undone;
  }
}

function advice(error: unknown): string {
  const { code, message } = safeDatabaseError(error);
  switch (code) {
    case SQLSTATE.invalidPassword:
    case SQLSTATE.invalidAuthorization:
      return "wrong user or password (DATABASE_URL)";
    case SQLSTATE.noSuchDatabase:
      return "there is no such database (DATABASE_URL)";
    default:
      return message;
  }
}
