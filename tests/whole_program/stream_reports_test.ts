/** What the journal, the status and the command report about reading: each fact once. */

import assert from "node:assert/strict";
import { statusLines } from "../../lib/commands/status_text.ts";
import type { Status } from "../../lib/server/status/status.ts";
import { type LogLine, Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { archiveTest } from "../support/jetstream/history.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { refusesInText, ScriptedServer, sendsAndCloses } from "../support/jetstream/server.ts";
import { SampleEvents } from "../support/sample_events.ts";

async function statusOf(program: Program): Promise<Status> {
  return await (await program.fetch("/api/status")).json();
}

function lines(program: Program, message: RegExp): LogLine[] {
  return program.log.filter((line) => message.test(line.message));
}

function sceneText(timeUs: number): string {
  return JSON.stringify({ ...new SampleEvents(timeUs).put("alice/scene/s"), time_us: timeUs });
}

for (
  const [code, reason, words] of [
    [1012, "maintenance until noon", "closed with code 1012: maintenance until noon"],
    [1001, "", "closed with code 1001"],
  ] as const
) {
  databaseTest(
    `the end of a connection is shown in the journal, the status and the command: ${words}`,
    async ({ url }) => {
      const timeUs = Date.now() * 1000 - 20_000_000;
      await using server = new ScriptedServer([
        sendsAndCloses([sceneText(timeUs)], code, reason),
        refusesInText(503, "down"),
      ]);
      await using program = new Program({ databaseUrl: url, streamUrl: server.url() });
      await program.until(() => program.said("disconnected") > 0);
      const [line] = lines(program, /^disconnected$/);
      assert.deepEqual([line?.ending, line?.code, line?.reason], ["closed", code, reason]);
      const status = await statusOf(program);
      const { lastEnding } = status.connection;
      assert.deepEqual([lastEnding?.kind, lastEnding?.code, lastEnding?.reason], [
        "closed",
        code,
        reason,
      ]);
      const connection = { ...status.connection, connected: false, failuresInARow: 0 };
      const text = statusLines({ ...status, connection }, false).join("\n");
      assert.ok(text.includes(`not connected: ${words}`), text);
    },
  );
}

databaseTest(
  "an attempt that fails is one line, with the server's words and no stack",
  async ({ url }) => {
    await using server = new ScriptedServer([refusesInText(503, "back at noon")]);
    const env = { RECONNECT_ALERT_ATTEMPTS: "3" };
    await using program = new Program({ databaseUrl: url, streamUrl: server.url(), env });
    await program.until(() => lines(program, /^cannot read the stream/).length >= 4);
    const told = lines(program, /^cannot read the stream/).slice(0, 4);
    assert.deepEqual(told.map(({ failures }) => failures), [1, 2, 3, 4]);
    assert.deepEqual(told.map(({ level }) => level), ["warn", "warn", "error", "error"]);
    for (const line of told) {
      assert.equal(line.why, "the server answered HTTP 503: back at noon");
      assert.deepEqual(Object.keys(line).filter((key) => key === "error" || key === "stack"), []);
    }
  },
);

databaseTest(
  "a server that begins later than a number in START_FROM is reported once",
  async ({ url }) => {
    const events = new SampleEvents(Date.now() * 1000 - 60_000_000);
    await using server = new ReplayServer({ firstSeq: 900 });
    const env = { START_FROM: "5" };
    const options = { databaseUrl: url, streamUrl: server.url, env };
    {
      await using program = new Program(options);
      await program.committed(server.push(events.put("alice/scene/a")));
      const [told, ...more] = program.log.filter(({ notice }) => notice === "started_later");
      assert.equal(more.length, 0);
      assert.equal(told?.level, "warn");
      assert.match(
        String(told?.message),
        /^requested from cursor 5 on, got 900 first, of 20\d\d-.*: what is between does not match the filter, or/,
      );
      assert.equal(await program.metric('indexer_notices_total{code="started_later"}'), 1);
      await program.stop();
    }
    await using again = new Program(options);
    await again.committed(server.push(events.put("alice/scene/b")));
    assert.deepEqual(again.log.filter(({ notice }) => notice !== undefined), []);
  },
);

archiveTest(
  "a replay because of a too old cursor is reported with the server's words",
  { startFrom: "1" },
  async ({ last, options }) => {
    await using program = new Program(options);
    await program.committed(last);
    const [told, ...more] = program.log.filter(({ notice }) => notice === "cursor_too_old");
    assert.equal(more.length, 0);
    assert.match(String(told?.message), /CursorTooOld: .*; replaying the archive first$/);
    assert.equal(await program.metric('indexer_notices_total{code="cursor_too_old"}'), 1);
  },
);

archiveTest(
  "a replay because of START_FROM, or of a cursor of days ago, is reported with that reason",
  { startFrom: "archive" },
  async ({ last, sql, options }) => {
    {
      await using program = new Program(options);
      await program.committed(last);
      assert.equal(program.said("replaying the archive, because of START_FROM"), 1);
      await program.stop();
    }
    await sql`update indexer_state set cursor_time = now() - interval '3 days'`;
    await using program = new Program(options);
    await program.until(() =>
      program.said("replaying the archive, because the stored cursor is hours old") > 0
    );
  },
);
