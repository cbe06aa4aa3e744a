import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { SAMPLE_SECONDS, type SampleEvent, sampleStream } from "../../demo/sample_stream.ts";
import { LIVE_TABLES } from "../../lib/repository/status/table_counts.ts";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import { OUTCOMES } from "../../lib/repository/outcome.ts";
import { Folded } from "../support/folded.ts";
import { databaseTest } from "../support/database.ts";
import { repository } from "../support/repository_files.ts";
import type { JetstreamEvent } from "../support/jetstream/stored_event.ts";

const START_US = 1_787_218_200_000_000;

/** What the sample stream must contain. */
function count(events: readonly SampleEvent[], has: (event: JetstreamEvent) => boolean): number {
  return events.filter((event) => has(event as unknown as JetstreamEvent)).length;
}

Deno.test("the sample stream has everything that a real stream has", () => {
  const events = sampleStream(START_US);
  assert.ok(events.length >= 300);
  assert.ok(new Set(events.map(({ did }) => did)).size >= 5);
  for (const name of ["scene", "event", "post", "alliance", "membership", "stream"]) {
    assert.ok(
      count(events, ({ commit }) => commit?.collection === `app.subcult.${name}`) > 0,
      name,
    );
  }
  for (const operation of ["create", "update", "delete"]) {
    assert.ok(count(events, ({ commit }) => commit?.operation === operation) > 0, operation);
  }
  for (const kind of ["identity", "account"]) {
    assert.ok(count(events, (event) => event.kind === kind) > 0);
  }
  assert.ok(count(events, ({ commit }) => commit?.collection.startsWith("app.bsky.") ?? false) > 0);
  // Times run forwards, but for the run that comes twice.
  assert.deepEqual(sampleStream(START_US), events);
  const newest = Math.max(...events.map(({ time_us }) => time_us));
  assert.ok(newest <= START_US + SAMPLE_SECONDS * 1_000_000);
});

databaseTest(
  "the sample stream has every outcome except stale, and fills every table",
  async (database) => {
    const folded = new Folded(database);
    const events = sampleStream(START_US) as unknown as JetstreamEvent[];
    const outcomes = new Set(await folded.batch(...events));
    for (const outcome of OUTCOMES.filter((outcome) => outcome !== "stale")) {
      assert.ok(outcomes.has(outcome), outcome);
    }
    for (const table of LIVE_TABLES) assert.ok(await folded.count(table) > 0, table);
  },
);

Deno.test("the demo plays its stream once, with its own permissions, and ends with a summary that adds up", async () => {
  const [program = "", ...flags] = manifest.tasks.demo.split(" ");
  // The query of the README, and its answer.
  const [, query = "", answer = ""] = /--query "([^"]+)"\n```\n\n```\n([^]+?)\n```/
    .exec(await repository("README.md")) ?? [];
  assert.equal(program, "deno");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...flags, "--once", "--query", query],
    cwd: new URL("../../", import.meta.url),
    env: { METRICS_PORT: "0" },
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 0, said + new TextDecoder().decode(stderr));
  assert.ok(answer !== "" && said.includes(`${answer}\n`), said);
  const { received, cursor, tables, ...outcomes } = JSON.parse(
    said.trimEnd().split("\n").at(-1) ?? "",
  );
  assert.deepEqual(Object.keys(outcomes).toSorted(), OUTCOMES.toSorted());
  const total = Object.values<number>(outcomes).reduce((sum, count) => sum + count, 0);
  assert.equal(received, total);
  assert.ok(received >= 300);
  assert.ok(cursor >= received);
  assert.deepEqual(Object.keys(tables).toSorted(), [...LIVE_TABLES, "records"].toSorted());
  for (const count of Object.values<number>(tables)) assert.ok(count > 0, said);
});

Deno.test("the running demo prints its addresses, and shows a waiting record, its parent and a dead letter", async () => {
  const [, ...flags] = manifest.tasks.demo.split(" ");
  await using demo = new Deno.Command(Deno.execPath(), {
    args: [...flags, "--pace", "200"],
    cwd: new URL("../../", import.meta.url),
    env: { METRICS_PORT: "0" },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let said = "";
  for await (const part of demo.stdout.pipeThrough(new TextDecoderStream() as TransformStream)) {
    said += part;
    if (said.includes("\ndead letter  ")) break;
  }
  assert.match(
    said,
    /\nwaiting {6}the event opening .*\/cold-storage\napplied {6}its scene arrived.*\ndead letter {2}the event no-date: startsAt/,
  );
  const [, page = ""] = /^The status page +(\S+)$/m.exec(said) ?? [];
  const [, token = ""] = /^Its token +(\S+)$/m.exec(said) ?? [];
  const [, database = "", query = ""] = /^for example +psql '([^']+)' -c '([^']+)'$/m.exec(said) ??
    [];
  const shown = await fetch(page, { headers: { accept: "text/html" } });
  assert.match(await shown.text(), /<title>Jetstream Indexer<\/title>/);
  const answer = await fetch(new URL("/api/dead-letters", page), {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.match(await answer.text(), /"rkey":"no-date"/);
  const sql = connect(database, { max: 1, applicationName: "tests" });
  const scenes = await sql.unsafe(query);
  await terminate(sql);
  assert.equal(scenes.length, 5);
  demo.kill("SIGINT");
  assert.equal((await demo.status).code, 0);
});
