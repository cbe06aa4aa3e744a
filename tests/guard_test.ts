import assert from "node:assert/strict";
import { connect } from "../lib/repository/connection.ts";
import { guarded } from "../lib/repository/guard.ts";

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
