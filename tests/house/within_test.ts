import assert from "node:assert/strict";
import { Followed } from "../support/jetstream/followed.ts";
import { ScriptedServer, sends } from "../support/jetstream/server.ts";
import { within } from "../support/within.ts";

Deno.test("a wait that never ends is an error that names what was awaited and the state", async () => {
  const never = new Promise<void>(() => {});
  await assert.rejects(
    within(never, "a sign", { limitMs: 1, state: () => "none so far" }),
    /^Error: waited 0\.001 s for: a sign\nnone so far$/,
  );
  assert.equal(await within(Promise.resolve(1), "a number"), 1);
  await assert.rejects(within(Promise.reject(new Error("why")), "a number"), /^Error: why$/);
});

Deno.test("a client that never receives what a test waits for fails that test", async () => {
  await using server = new ScriptedServer([sends()]);
  await using followed = new Followed([server.url()]);
  await followed.until(({ connections }) => connections.length === 1);
  await assert.rejects(
    followed.received(1, { limitMs: 1 }),
    /for: 1 messages\n1 connections, 0 messages, 0 endings, 0 failures, notices: none$/,
  );
  await assert.rejects(server.connections(2, { limitMs: 1 }), /for: 2 connections\n1 came$/);
});
