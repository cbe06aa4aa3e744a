/**
 * A database of the server for a test. The tests of a file use one after another, emptied before each: to copy
 * one takes a third of a second. A test gets a copy of its own where it wants an empty one, where it uses two,
 * or where the role may not do what emptying takes.
 */

import type { Sql } from "../../lib/repository/connection/sql.ts";
import { schemaNow, withoutRows, withoutTraces } from "./empty_tables.ts";
import { onConnection } from "./on_connection.ts";
import {
  createDatabase,
  databaseName,
  databaseUrl,
  dropAtEnd,
  dropDatabase,
  serverUrl,
} from "./server_database.ts";
import { leaseDatabase, tellSchema } from "./shared/lease.ts";
import type { Leased } from "./shared/question.ts";
import { until } from "./within.ts";

export interface Place extends AsyncDisposable {
  readonly url: string;
}

/** The database of this file, from its first test on. */
let lent: Leased | undefined;
let isUsed = false;
let mayEmpty: Promise<boolean> | undefined;

export async function serverPlace(content: "migrated" | "empty"): Promise<Place> {
  if (content === "empty" || isUsed || !await (mayEmpty ??= isSuperuser())) {
    const name = await createDatabase(content);
    return { url: databaseUrl(name), [Symbol.asyncDispose]: () => dropDatabase(name) };
  }
  const url = await emptiedForTest();
  isUsed = true;
  return {
    url,
    [Symbol.asyncDispose](): Promise<void> {
      isUsed = false;
      return Promise.resolve();
    },
  };
}

async function isSuperuser(): Promise<boolean> {
  const [role] = await onConnection(
    serverUrl() ?? "",
    async (sql) => await sql`select rolsuper from pg_roles where rolname = current_user`,
  );
  return role?.["rolsuper"] === true;
}

/** Empties the database of this file, and returns its URL. One in which more than rows was changed is replaced. */
async function emptiedForTest(): Promise<string> {
  for (let isReplaced = false;; isReplaced = true) {
    const empties = lent === undefined ? withoutTraces : withoutRows;
    const { url, schema } = lent ??= await databaseForFile(isReplaced);
    const now = await onConnection(url, async (sql) => {
      await endOthers(sql);
      return await empties(sql, schema);
    });
    if (now !== null) {
      lent = { url, schema: now };
      await tellSchema("server", now);
      return url;
    }
    await dropDatabase(databaseName(url));
    lent = undefined;
  }
}

/** What a test left running must neither hold a lock nor write into the next one. */
async function endOthers(sql: Sql): Promise<void> {
  const isAlone = async (): Promise<boolean> =>
    (await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and backend_type = 'client backend'`).length === 0;
  await until(isAlone, "the end of other connections", { everyMs: 5 });
}

/** A database that the run lends, or one of this file's own. */
async function databaseForFile(another: boolean): Promise<Leased> {
  const leased = await leaseDatabase("server", another);
  if (leased !== null) return leased;
  const name = await createDatabase("migrated");
  dropAtEnd(name);
  const url = databaseUrl(name);
  return { url, schema: await onConnection(url, schemaNow) };
}
