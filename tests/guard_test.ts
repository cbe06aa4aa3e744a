import assert from "node:assert/strict";
import { connect } from "../lib/repository/connection.ts";
import { DatabaseSilentError, guarded } from "../lib/repository/guard.ts";

Deno.test("what was given up gives up no connection when it takes a step after all", async () => {
  const sql = connect("postgres://nobody@127.0.0.1:1/none", { max: 1, applicationName: "tests" });
  const stop = new AbortController();
  const late = Promise.withResolvers<void>();
  let abandoned = 0;
  let step = (): void => {};
  const running = guarded(
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

Deno.test("of a database that is silent the connections are given up, once", async () => {
  const sql = connect("postgres://nobody@127.0.0.1:1/none", { max: 1, applicationName: "tests" });
  const { signal } = new AbortController();
  const abandoned: unknown[] = [];
  const never = new Promise<void>(() => {});
  const options = { silentMs: 0, abandon: (given: unknown) => void abandoned.push(given), signal };
  await assert.rejects(guarded(sql, options, () => never), DatabaseSilentError);
  assert.deepEqual(abandoned, [sql]);
  await sql.end();
});
