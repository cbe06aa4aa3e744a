/** The queue of repositories while there is no database. */

import assert from "node:assert/strict";
import { createLogger } from "../../lib/log/logger.ts";
import { runReconciles } from "../../lib/reconcile/runner.ts";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import { Database } from "../../lib/repository/connection/database.ts";
import { hastyClock } from "../support/crash/hasty_clock.ts";

Deno.test("an unreachable database is reported once, not at each check of the queue", async () => {
  const lines: string[] = [];
  await using database = new Database({
    // Nothing listens there.
    open: (max) =>
      connect("postgres://indexer@127.0.0.1:1/none", { max, applicationName: "tests" }),
    terminate,
  });
  const stopping = new AbortController();
  let looks = 0;
  await runReconciles({
    database,
    reconcile: () => Promise.reject(new Error("there is no queue")),
    atOnce: 1,
    everyDays: 0,
    busyHosts: () => [],
    settleDeletion: () => Promise.resolve("none"),
    believeDeletion: () => Promise.resolve(),
    deletionDays: 7,
    takeAllWanted: () => {
      if (++looks === 5) stopping.abort(new Error("the test has seen enough"));
      return true;
    },
    wantAll: () => {},
    logger: createLogger({ level: "debug", format: "readable", write: (line) => lines.push(line) }),
    clock: hastyClock(200),
    silentMs: 60_000,
    counted: () => {},
    ended: () => {},
  }, stopping.signal);
  assert.equal(looks, 5);
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(
    lines[0] ?? "",
    /^[\d:.]+ WARN {2}cannot read the queue of repositories to compare error="[^"]*ECONNREFUSED/,
  );
});
