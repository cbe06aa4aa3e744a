/**
 * A hostile server. The executable (or the program from its source, where none is made) runs in a
 * process of its own; after each attack it must write the next good record, and must not have grown.
 * `/health` is asked all along.
 */

import assert from "node:assert/strict";
import { createV1Decoder } from "../../lib/decoder/wire/v1.ts";
import { createMapper } from "../../lib/mapper/content.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { coarsen } from "../../lib/mapper/consent/consent.ts";
import { WAITING_LIMIT } from "../../lib/repository/batch/waiting_limit.ts";
import { type TestDatabase, testDatabases, withDatabase } from "../support/database.ts";
import { decoderOptions } from "../support/decoder_samples.ts";
import { ATTACKS, POLLUTION } from "../support/hostile/attacks.ts";
import { PROGRAM } from "../support/hostile/executable.ts";
import { commit, Victim } from "../support/hostile/victim.ts";

Deno.test("no server can make the program stop, stall, grow or log chosen text", async (t) => {
  // The server where there is one: the attacks fill the memory of an embedded one, and take three times as long.
  const kind = testDatabases().includes("server") ? "server" : "embedded";
  await withDatabase(kind, (database) => attacked(database, t));
});

/** Checks health until a task has ended. Returns the unhealthy answers. */
async function sickness(victim: Victim, suffering: Promise<unknown>): Promise<string[]> {
  const sick: string[] = [];
  let isOver = false;
  const ended = suffering.finally(() => isOver = true);
  while (!isOver) {
    const answer = await victim.get("/health");
    if (!answer.includes('"healthy"')) sick.push(answer);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await ended;
  return sick;
}

async function attacked(database: TestDatabase, t: Deno.TestContext): Promise<void> {
  const { sql } = database;
  await using victim = await Victim.start(database, {}, PROGRAM);
  for (const [name, attack] of ATTACKS) {
    await t.step(name, async () => {
      assert.deepEqual(await sickness(victim, victim.suffer(attack)), []);
    });
  }

  await t.step("everything still works, and every event is counted once", async () => {
    assert.match(await victim.get("/health"), /"healthy"/);
    assert.match(await victim.get("/ready"), /"ready"/);
    const { totals, lagSeconds } = JSON.parse(await victim.get("/api/status"));
    assert.ok(lagSeconds >= 0 && lagSeconds < 60);
    const metrics = await victim.get("/metrics");
    const processed = Number(/^indexer_messages_processed_total (\d+)$/m.exec(metrics)?.[1]);
    const counts: number[] = Object.values(totals);
    assert.ok(Math.abs(processed - counts.reduce((sum, count) => sum + count, 0)) < 10);
    const tables = await sql`select from pg_class where relname in ('records', 'scenes', 'posts')`;
    assert.equal(tables.length, 3);
  });

  await t.step("a time in the future moves no cursor", async () => {
    const [row] =
      await sql`select cursor_time < now() + interval '1 minute' as past from indexer_state`;
    assert.equal(row?.["past"], true);
  });

  await t.step("what waits for nothing is bounded, and said", async () => {
    const [row] = await sql<{ waiting: number; letters: number }[]>`select
      (select count(*)::int from records where state = 'waiting' and did = 'did:plc:mallory') as waiting,
      (select count(*)::int from dead_letters where reason = 'waiting_limit') as letters`;
    assert.ok(row !== undefined && row.letters > 0);
    assert.ok(row.waiting >= WAITING_LIMIT && row.waiting <= WAITING_LIMIT + 1000);
    await victim.says("/api/status", /waiting_limit/);
  });

  await t.step("every line of the log is one object, and none is forged", () => {
    for (const line of victim.log) {
      assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      const { level, message, time } = JSON.parse(line);
      assert.ok(typeof time === "string" && typeof message === "string");
      assert.notEqual(message, "forged");
      assert.ok(["debug", "info", "warn", "error"].includes(level));
    }
  });

  await t.step("what is shown can't become a page's own words", async () => {
    for (const path of ["/", "/api/status", "/metrics"]) {
      const shown = await victim.get(path);
      assert.ok(!shown.includes("<script>alert") && !shown.includes("\u001b"), path);
    }
  });
}

Deno.test("names of prototypes are ordinary keys, from the wire to the row", () => {
  const decoder = createV1Decoder(decoderOptions({ coarsen }));
  const mapper = createMapper(COLLECTIONS, "secret");
  const location = `"location":{${POLLUTION},"lat":1.5,"lng":2.5}`;
  const frame = commit("did:plc:x", "scene", "x", `{"name":"x",${POLLUTION},${location}}`);
  const [event] = decoder.decode(`{${POLLUTION},${frame.slice(1)}`);
  assert.ok(event?.kind === "commit" && event.record !== null, JSON.stringify(event));
  assert.ok(Object.hasOwn(event.record, "__proto__"));
  const { content } = mapper.commit(event);
  assert.equal(content.kind, "mapped");
  assert.equal(Object.getPrototypeOf(event.record), Object.prototype);
  const plain: Record<string, unknown> = {};
  assert.equal(plain["polluted"], undefined);
  assert.equal(`${plain}`, "[object Object]");
});
