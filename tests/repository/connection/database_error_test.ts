import assert from "node:assert/strict";
import { ConnectionError } from "../../../lib/repository/connection/connection_error.ts";
import { safeDatabaseError } from "../../../lib/repository/connection/database_error.ts";
import { databaseTest } from "../../support/database.ts";

databaseTest("only codes and schema names of a database error are reported", async ({ sql }) => {
  await sql`create table places (id int primary key, lat float8 check (lat < 90), at timestamptz)`;
  await sql`insert into places values (815, 52.51639)`;
  const statements: readonly (readonly [() => PromiseLike<unknown>, string, RegExp])[] = [
    [
      () => sql`insert into places values (815, 1)`,
      "23505",
      /table places, constraint places_pkey/,
    ],
    [() => sql`insert into places values (1, 152.51639)`, "23514", /constraint places_lat_check/],
    [
      () => sql`insert into places (at) values (${"52.51639"}::text::timestamptz)`,
      "22007",
      /value/,
    ],
    [() => sql`select ${"52.51639x"}::text::float8`, "22P02", /value/],
    [() => sql`select ${"[52.51639"}::text::json`, "22P02", /value/],
    [() => sql.unsafe("select 52.51639 from nowhere_815"), "42P01", /names/],
    [
      () => sql.unsafe(`do $$ begin raise exception '52.51639' using detail = '815'; end $$`),
      "P0001",
      /failed/,
    ],
  ];
  for (const [run, code, message] of statements) {
    const error = await run().then(() => null, (error: unknown) => error);
    const safe = safeDatabaseError(error);
    assert.equal(safe.code, code);
    assert.match(safe.message, message);
    assert.equal(/52\.51639|815/.test(JSON.stringify(safe)), false, safe.message);
  }
}, { content: "empty" });

Deno.test("a name that is not valid is not shown", () => {
  const error = Object.assign(new Error("hidden"), {
    code: "23505",
    table: "no name 52.5",
    constraint: 815,
    column: "lat",
  });
  assert.deepEqual(safeDatabaseError(error), {
    code: "23505",
    message: "the database rejected a row that violates a constraint (SQLSTATE 23505, column lat)",
  });
});

Deno.test("the code of a socket is no SQLSTATE", () => {
  const error = Object.assign(new Error("hidden"), { code: "EPIPE" });
  assert.equal(safeDatabaseError(error).message, "the database can't be used (Error, EPIPE)");
});

Deno.test("a connection error names its address, an unknown error only its name", () => {
  assert.deepEqual(safeDatabaseError(new ConnectionError("08006", "it was lost")), {
    code: "08006",
    message: "it was lost",
  });
  assert.deepEqual(safeDatabaseError(new TypeError("hidden")), {
    code: "unknown",
    message: "the database can't be used (TypeError, unknown)",
  });
  assert.deepEqual(safeDatabaseError("hidden"), {
    code: "unknown",
    message: "the database can't be used (string, unknown)",
  });
});
