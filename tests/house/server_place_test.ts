/** A database of the server that the tests of a file use one after another. */

import assert from "node:assert/strict";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import { testDatabases, withDatabase } from "../support/database.ts";
import { definitionsIn, LEFT_BEHIND, LETTER } from "../support/left_behind.ts";
import { databaseName } from "../support/server_database.ts";

const ignore = !testDatabases().includes("server");

Deno.test({
  name: "each test finds the server's tables as migrated and empty, whatever the previous test did",
  ignore,
  fn: async () => {
    let definitions: unknown;
    for (const left of [...LEFT_BEHIND, "select"]) {
      await withDatabase("server", async ({ sql }) => {
        definitions ??= await definitionsIn(sql);
        assert.deepEqual(await definitionsIn(sql), definitions, left);
        const [letter] = await sql.unsafe(`${LETTER} returning id::int`);
        assert.equal(letter?.["id"], 1, left);
        assert.equal((await sql`select from dead_letters`).length, 1, left);
        await sql.unsafe(left);
      });
    }
  },
});

Deno.test({
  name: "a setting of the server's database does not outlast its test",
  ignore,
  fn: async () => {
    await withDatabase("server", async ({ sql, url }) => {
      await sql.unsafe(`alter database "${databaseName(url)}" set work_mem = '123kB'`);
    });
    await withDatabase("server", async ({ sql }) => {
      assert.notEqual((await sql`show work_mem`)[0]?.["work_mem"], "123kB");
    });
  },
});

Deno.test({
  name: "a connection that a test leaves open neither holds a lock nor writes into the next test",
  ignore,
  fn: async () => {
    let left: ReturnType<typeof connect> | undefined;
    let writing: Promise<unknown> = Promise.resolve();
    await withDatabase("server", async ({ url }) => {
      left = connect(url, { max: 1, applicationName: "left" });
      const locked = Promise.withResolvers<void>();
      writing = left.begin(async (tx) => {
        await tx.unsafe(LETTER);
        locked.resolve();
        await tx`select pg_sleep(60)`;
      }).catch((error) => error);
      await locked.promise;
    });
    await withDatabase("server", async ({ sql }) => {
      assert.ok(await writing instanceof Error);
      assert.equal((await sql`select from dead_letters`).length, 0);
    });
    if (left !== undefined) await terminate(left);
  },
});

Deno.test({
  name: "a test that uses two databases of the server finds each for itself",
  ignore,
  fn: async () => {
    await withDatabase("server", async (one) => {
      await one.sql.unsafe(LETTER);
      await withDatabase("server", async (other) => {
        assert.notEqual(one.url, other.url);
        assert.equal((await other.sql`select from dead_letters`).length, 0);
      });
      assert.equal((await one.sql`select from dead_letters`).length, 1);
    });
  },
});
