import assert from "node:assert/strict";
import {
  connect,
  describeDatabase,
  terminate,
} from "../../../lib/repository/connection/connection.ts";
import { ConnectionError } from "../../../lib/repository/connection/connection_error.ts";
import { sqlStateOf } from "../../../lib/repository/connection/sqlstate.ts";
import { databaseTest } from "../../support/database.ts";
import { DatabaseProxy } from "../../support/faults/database_proxy.ts";
import { within } from "../../support/within.ts";
import { lastingPort } from "../../support/lasting_port.ts";

const OPTIONS = { max: 2, applicationName: "tests" };

databaseTest("a query on a lost connection fails, and the next one works", async ({ url }) => {
  await using proxy = DatabaseProxy.start(url);
  const sql = connect(proxy.url, OPTIONS);
  for (let round = 0; round < 3; round++) {
    await sql`select 1`;
    proxy.delay(20);
    const query = sql`select 2`.then(() => null, (error: unknown) => error);
    await Promise.resolve();
    assert.ok(proxy.cut().hasFired);
    assert.ok(await query instanceof Error);
    proxy.heal();
    assert.deepEqual([...await sql`select 3 as n`], [{ n: 3 }]);
  }
  await terminate(sql);
});

databaseTest(
  "a transaction on a lost connection rejects, and none of it runs later",
  async (db) => {
    await using proxy = DatabaseProxy.start(db.url);
    const sql = connect(proxy.url, OPTIONS);
    await db.sql`create table facts (n int)`;
    const goOn = Promise.withResolvers<void>();
    const transaction = sql.begin(async (tx) => {
      const tell = (n: number): void => {
        tx`insert into facts values (${n})`.catch(() => {});
      };
      await tx`insert into facts values (1)`;
      proxy.cut();
      tell(2);
      await goOn.promise;
      tell(3);
    });
    await assert.rejects(transaction);
    await sql`insert into facts values (4)`;
    goOn.resolve();
    await sql`insert into facts values (5)`;
    assert.deepEqual([...await sql`select n from facts order by n`.values()], [[4], [5]]);
    await terminate(sql);
  },
);

databaseTest(
  "a transaction that waits for something else fails when its connection is lost",
  async (db) => {
    await using proxy = DatabaseProxy.start(db.url);
    const sql = connect(proxy.url, OPTIONS);
    const never = new Promise<void>(() => {});
    const transaction = sql.begin(async (tx) => {
      await tx`select 1`;
      proxy.cut();
      await never;
    });
    await assert.rejects(transaction, ConnectionError);
    await terminate(sql);
  },
);

databaseTest(
  "every query fails while the database is away, and none afterwards",
  async ({ url }) => {
    await using proxy = DatabaseProxy.start(url);
    const sql = connect(proxy.url, OPTIONS);
    await sql`select 1`;
    const away = proxy.refuse();
    for (let query = 0; query < 5; query++) {
      await assert.rejects(async () => await sql`select ${query}::int`, ConnectionError);
    }
    assert.ok(away.hasFired);
    proxy.heal();
    assert.deepEqual([...await sql`select 3 as n`], [{ n: 3 }]);
    await terminate(sql);
  },
);

databaseTest("a connection that can't be opened does not affect others", async ({ url }) => {
  await using proxy = DatabaseProxy.start(url);
  const sql = connect(proxy.url, OPTIONS);
  const settled = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const transaction = sql.begin(async (tx) => {
    await tx`select 1`;
    begun.resolve();
    await settled.promise;
    return await tx`select 2 as n`;
  });
  await within(begun.promise, "the beginning of the transaction");
  const noMore = proxy.refuse("keep");
  for (let attempt = 0; attempt < 5; attempt++) {
    await assert.rejects(async () => await sql`select 3`, { code: "08001" });
  }
  assert.ok(noMore.hasFired);
  settled.resolve();
  assert.deepEqual([...await transaction], [{ n: 2 }]);
  assert.deepEqual([...await sql`select 4 as n`], [{ n: 4 }]);
  await terminate(sql);
});

databaseTest("terminate ends connections that wait for a silent server", async ({ url }) => {
  await using proxy = DatabaseProxy.start(url);
  const sql = connect(proxy.url, OPTIONS);
  await sql`select 1`;
  const hang = proxy.hang();
  const waiting = [
    sql`select 2`,
    sql.begin((tx) => tx`select 3`),
    sql`select 4`,
  ].map((query) => query.then(() => "answered", () => "failed"));
  await within(hang.fired, "data that the fault can hit");
  await terminate(sql);
  assert.deepEqual(await Promise.all(waiting), ["failed", "failed", "failed"]);
});

databaseTest("a server that accepts and sends nothing is given up in time", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  for (const mode of ["disable", "prefer"]) {
    const url = `postgres://me:secret@127.0.0.1:${port}/db?sslmode=${mode}&connect_timeout=1`;
    const sql = connect(url, OPTIONS);
    await assert.rejects(async () => await sql`select 1`, (error) => {
      assert.ok(error instanceof ConnectionError);
      assert.equal(error.code, "08001");
      assert.match(error.message, /no answer for 1000 ms/);
      return true;
    });
    await terminate(sql);
  }
  listener.close();
}, { kinds: ["embedded"] });

databaseTest("terminate ends an attempt to connect", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sql = connect(`postgres://me@127.0.0.1:${listener.addr.port}/db`, OPTIONS);
  const query = sql`select 1`.then(() => null, (error: unknown) => error);
  (await listener.accept()).close();
  await terminate(sql);
  assert.ok(await query instanceof Error);
  await assert.rejects(async () => await sql`select 2`);
  listener.close();
}, { kinds: ["embedded"] });

databaseTest("a transaction is committed although the answer to COMMIT was lost", async (db) => {
  await using proxy = DatabaseProxy.start(db.url);
  const sql = connect(proxy.url, OPTIONS);
  await sql`create table facts (n int)`;
  const lost = proxy.loseCommit();
  const failure = await sql.begin((tx) => tx`insert into facts values (1)`)
    .then(() => null, (error: unknown) => error);
  assert.ok(lost.hasFired);
  assert.ok(failure instanceof Error);
  assert.deepEqual([...await db.sql`select n from facts`], [{ n: 1 }]);
  await terminate(sql);
});

databaseTest("the first host that can be reached is used", async ({ url }) => {
  const sql = connect(url.replace(/@([^/]+)\//, `@127.0.0.1:${lastingPort()},$1/`), OPTIONS);
  assert.deepEqual([...await sql`select 1 as n`], [{ n: 1 }]);
  await sql.end();
});

databaseTest("statements that a pooler forgets are not prepared again", async ({ url }) => {
  const sql = connect(url, { ...OPTIONS, max: 1 });
  const ask = (): Promise<number | undefined> =>
    sql.begin(async (tx) => (await tx<{ n: number }[]>`select ${1}::int as n`)[0]?.n);
  assert.equal(await ask(), 1);
  await sql.unsafe("deallocate all");
  await assert.rejects(ask, (error) => sqlStateOf(error) === "26000");
  assert.equal(await ask(), 1);
  await sql.unsafe("deallocate all");
  assert.equal(await ask(), 1);
  await terminate(sql);
});

databaseTest("no error shows the password, in any form", async ({ url }) => {
  const secret = "tell-nobody-9f3";
  const wrong = new URL(url);
  wrong.password = secret;
  await using proxy = DatabaseProxy.start(wrong.href);
  const urls = [wrong.href, `postgres://me:${secret}@127.0.0.1:${lastingPort()}/db`];
  for (const url of urls) {
    const sql = connect(url, OPTIONS);
    const failure = await sql`select 1`.then(() => null, (error: unknown) => error);
    const shown = Deno.inspect(failure, { depth: 20, showHidden: true });
    assert.equal(shown.includes(secret), false);
    assert.equal(JSON.stringify(failure).includes(secret), false);
    await terminate(sql);
  }
  proxy.refuse();
  const sql = connect(proxy.url, OPTIONS);
  const failure = await sql`select 1`.then(() => null, (error: unknown) => error);
  assert.equal(Deno.inspect(failure, { depth: 20, showHidden: true }).includes(secret), false);
  await terminate(sql);
}, { kinds: ["embedded"] });

Deno.test("a database is described by host, port and name alone", () => {
  assert.equal(describeDatabase("postgres://me:secret@db.example/app"), "db.example:5432/app");
  assert.equal(
    describeDatabase("postgresql://me@[::1]:6432,second:5433/a%20b?sslmode=require"),
    "[::1]:6432,second:5433/a b",
  );
});
