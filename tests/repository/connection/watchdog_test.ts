import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { Database } from "../../../lib/repository/connection/database.ts";
import { DatabaseSilentError, withWatchdog } from "../../../lib/repository/connection/watchdog.ts";

Deno.test("an abandoned task drops no connection when it still takes a step", async () => {
  const sql = connect("postgres://nobody@127.0.0.1:1/none", { max: 1, applicationName: "tests" });
  const stop = new AbortController();
  const late = Promise.withResolvers<void>();
  let abandoned = 0;
  let step = (): void => {};
  const running = withWatchdog(
    sql,
    { silentMs: 0, abandon: () => abandoned++, signal: stop.signal },
    async (alive) => {
      step = alive;
      await late.promise;
    },
  );
  stop.abort(new Error("stopped"));
  await assert.rejects(running, /stopped/);
  step();
  late.resolve();
  // A timer that the step has armed is due before this one.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(abandoned, 0);
  await sql.end();
});

Deno.test("the connections to a silent database are dropped once", async () => {
  const sql = connect("postgres://nobody@127.0.0.1:1/none", { max: 1, applicationName: "tests" });
  const { signal } = new AbortController();
  const abandoned: unknown[] = [];
  const never = new Promise<void>(() => {});
  const options = { silentMs: 0, abandon: (given: unknown) => void abandoned.push(given), signal };
  await assert.rejects(withWatchdog(sql, options, () => never), DatabaseSilentError);
  assert.deepEqual(abandoned, [sql]);
  await sql.end();
});

Deno.test("dropped connections are replaced once, and other connections are not affected", async () => {
  const ended: Sql[] = [];
  await using database = new Database({
    open: (max) => connect("postgres://nobody@127.0.0.1:1/none", { max, applicationName: "tests" }),
    terminate: (sql) => {
      ended.push(sql);
      return terminate(sql);
    },
  });
  const { sql } = database;
  const writing = database.writing(0);
  database.abandon(sql);
  database.abandon(sql);
  assert.ok(database.sql !== sql && database.writing(0) === writing);
  const replaced = database.sql;
  database.abandon(writing);
  database.abandon(writing);
  assert.ok(database.writing(0) !== writing && database.sql === replaced);
  assert.ok(ended.length === 2 && ended[0] === sql && ended[1] === writing);
});
