/** Databases on the real server that TEST_DATABASE_URL names: made for one test, gone after it. */

import type { Sql } from "../../lib/repository/connection/sql.ts";
import { migrate } from "../../lib/repository/schema/migrate.ts";
import { onConnection } from "./on_connection.ts";
import { sharedTemplate } from "./shared/lease.ts";

/** Leftovers of runs that were killed are dropped when they are older than this. */
const STALE_SECONDS = 3600;

/** Whose databases they are: `jetstream_test_`, when it was made, and something random. */
const PREFIX = "jetstream_test";

/** The server to test on, or null. It must let us create databases. */
export function serverUrl(): string | null {
  return Deno.env.get("TEST_DATABASE_URL") || null;
}

/** A migrated database that others are copied from: of the run, or else of this process. */
let template: Promise<string> | undefined;

/** Creates a database: migrated, or with nothing in it, not even PostGIS. Returns its name. */
export async function createDatabase(
  content: "migrated" | "empty",
  options = "",
): Promise<string> {
  const source = content === "migrated" ? await (template ??= findTemplate()) : "template0";
  return await copyDatabase(source, options);
}

/** The URL of a database of the server. */
export function databaseUrl(name: string): string {
  const url = new URL(serverUrl() ?? "");
  url.pathname = `/${name}`;
  return url.href;
}

/** Its name in a URL of that form. */
export function databaseName(url: string): string {
  return new URL(url).pathname.slice(1);
}

export async function dropDatabase(name: string): Promise<void> {
  await asAdmin(async (sql) => {
    await sql.command(`drop database if exists "${name}" with (force)`);
  });
}

async function findTemplate(): Promise<string> {
  const shared = await sharedTemplate();
  if (shared !== null) return shared;
  const name = await createTemplate();
  dropAtEnd(name);
  return name;
}

/** Creates a migrated database. Returns its name. */
export async function createTemplate(): Promise<string> {
  await dropStale();
  const name = await copyDatabase("template0");
  await onConnection(databaseUrl(name), migrate);
  return name;
}

/** Creates a database like the one of that name. Returns its own name. */
export async function copyDatabase(source: string, options = ""): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const name = `${PREFIX}_${seconds}_${crypto.randomUUID().slice(0, 8)}`;
  await asAdmin(async (sql) => {
    await sql.command(
      `create database "${name}" template "${source}" ${options} ${await strategy(sql)}`,
    );
  });
  return name;
}

/** Files are copied for a quarter of what it costs to write every page to the log. */
async function strategy(sql: Sql): Promise<string> {
  const [row] = await sql<{ canChoose: boolean }[]>`
    select current_setting('server_version_num')::int >= 150000 as "canChoose"`;
  return row?.canChoose ? "strategy file_copy" : "";
}

async function dropStale(): Promise<void> {
  const stale = await asAdmin(async (sql) =>
    await sql<{ datname: string }[]>`
      select datname from pg_database where datname ~ ${`^${PREFIX}_[0-9]+_`}
        and split_part(datname, '_', 3)::bigint < extract(epoch from now()) - ${STALE_SECONDS}`
  );
  for (const { datname } of stale) await dropDatabase(datname);
}

function asAdmin<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
  return onConnection(serverUrl() ?? "", run);
}

/**
 * Drops a database when this process ends. Nothing can be awaited then, so another process does it while this
 * one waits.
 */
export function dropAtEnd(name: string): void {
  globalThis.addEventListener("unload", () => {
    const script = import.meta.resolve("./drop_database.ts");
    const config = new URL(import.meta.resolve("../../deno.json")).pathname;
    const args = ["run", "-A", "--quiet", "--config", config, script, name];
    new Deno.Command(Deno.execPath(), { args }).outputSync();
  });
}
