/** A writer that gives up waiting for a lock leaves no waiting session in Postgres. */

import assert from "node:assert/strict";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { Program } from "../../support/crash/in_process.ts";
import { databaseTest } from "../../support/database.ts";
import { ReplayServer } from "../../support/jetstream/replay_server.ts";
import { SampleEvents } from "../../support/sample_events.ts";

/** As in `transaction.ts`. */
const WRITER_LOCK = 1785033843;

/** One attempt. A leftover session would be seen in each later one. */
const STATEMENT_TIMEOUT_MS = 300;
const ATTEMPTS = 6;

databaseTest(
  "attempts to write against a held lock leave no session behind",
  async ({ url, sql }) => {
    const events = new SampleEvents(Date.now() * 1000 - 20_000_000);
    await using server = new ReplayServer();
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    });
    await program.committed(server.push(events.put("alice/scene/before")));
    const attempts = (): number =>
      program.log.filter(({ message }) => /cannot write a batch, retrying/.test(message))
        .length;
    const holder = connect(url, { max: 1, applicationName: "holder" });
    const counted: number[] = [];
    let last = 0;
    try {
      await holder.begin(async (tx) => {
        await tx.unsafe(`select pg_advisory_xact_lock(${WRITER_LOCK})`);
        last = server.push(events.put("alice/scene/after"));
        for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
          await program.until(() => attempts() >= attempt, `${attempt} attempts`);
          const [row] = await sql<{ sessions: number }[]>`
            select count(*)::int as sessions from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`;
          counted.push(row?.sessions ?? NaN);
        }
      });
    } finally {
      await terminate(holder);
    }
    await program.committed(last);
    assert.ok(counted.every((sessions) => sessions <= 1), `sessions that wait: ${counted}`);
  },
  { kinds: ["server"] },
);
