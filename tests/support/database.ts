/**
 * Databases for tests: the embedded one, and, when TEST_DATABASE_URL is set, a real server; a test that
 * can use either uses both, or those that `TEST_DATABASES` names (`embedded`, `server`). It finds a
 * database of its own, migrated, and leaves nothing behind.
 */

import type { Sql } from "../../lib/repository/connection/sql.ts";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import { embeddedPlace } from "./embedded_place.ts";
import { serverUrl } from "./server_database.ts";
import { serverPlace } from "./server_place.ts";
import type { DatabaseKind } from "./shared/question.ts";

export type { DatabaseKind };

export interface TestDatabase {
  readonly kind: DatabaseKind;
  readonly url: string;
  /** Closed after the test, with queries that still wait. */
  readonly sql: Sql;
}

export interface DatabaseTestOptions {
  /** `empty`: nothing is migrated, and on a server PostGIS is not created. Default: `migrated`. */
  readonly content?: "migrated" | "empty";
  /** The kinds of database that the test can use. Default: both, limited by `TEST_DATABASES`. */
  readonly kinds?: readonly DatabaseKind[];
  readonly ignore?: boolean;
}

const CONNECTIONS = 4;

/** The databases that tests run on here. */
export function testDatabases(): readonly DatabaseKind[] {
  return serverUrl() === null ? ["embedded"] : ["embedded", "server"];
}

/** The databases for a test that can use both kinds. Throws when `TEST_DATABASES` leaves none, so that a typo is noticed. */
function usualKinds(): readonly DatabaseKind[] {
  const here = testDatabases();
  const named = Deno.env.get("TEST_DATABASES");
  if (!named) return here;
  const kinds = here.filter((kind) => named.split(",").includes(kind));
  if (kinds.length > 0) return kinds;
  throw new Error(`cannot test on TEST_DATABASES=${named}: expected some of ${here.join(", ")}`);
}

/** Registers a test for each kind of database. */
export function databaseTest(
  name: string,
  run: (database: TestDatabase) => Promise<void>,
  options: DatabaseTestOptions = {},
): void {
  const { kinds = usualKinds(), ignore = false } = options;
  for (const kind of testDatabases().filter((kind) => kinds.includes(kind))) {
    Deno.test({
      name: `${name} (${kind === "embedded" ? "embedded database" : "database server"})`,
      ignore,
      fn: () => withDatabase(kind, run, options),
    });
  }
}

/** Runs something on a database of its own. */
export async function withDatabase(
  kind: DatabaseKind,
  run: (database: TestDatabase) => Promise<void>,
  { content = "migrated" }: DatabaseTestOptions = {},
): Promise<void> {
  await using place = kind === "server" ? await serverPlace(content) : null;
  const url = place?.url ?? await embeddedPlace(content);
  const sql = connect(url, { max: CONNECTIONS, applicationName: "tests" });
  try {
    await run({ kind, url, sql });
  } finally {
    await terminate(sql);
  }
}
