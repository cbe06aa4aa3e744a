import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { Program } from "../../support/crash/in_process.ts";
import { refuseRows } from "../../support/crash/refusing.ts";
import { countsOf, numbered } from "../../support/crash/stream.ts";
import type { OutcomeCounts } from "../../../lib/repository/outcome.ts";
import { findRefusedRows } from "../../../lib/repository/batch/refused_rows.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { ReplayServer } from "../../support/jetstream/replay_server.ts";
import { uriOf } from "../../support/model/address.ts";
import { ALICE, BOB, Script } from "../../support/model/frames.ts";
import { SampleEvents } from "../../support/sample_events.ts";

const SCENE = { name: "Basement" };

/** Runs the program on these frames until all of them are committed. Returns how often it committed. */
async function index(
  database: { readonly url: string },
  frames: readonly string[],
  more: { readonly env?: Record<string, string>; readonly then?: (program: Program) => void } = {},
): Promise<number> {
  const sent = numbered(frames);
  await using server = new ReplayServer({ pingMs: 0 });
  let commits = 0;
  await using program = new Program({
    databaseUrl: database.url,
    streamUrl: server.url,
    env: { BATCH_MAX_WAIT_MS: "300", ...more.env },
    random: () => 0.05,
    committed: () => commits++,
  });
  server.push(...sent);
  await program.committed(sent.length);
  assert.equal(await program.stop(), 0);
  more.then?.(program);
  return commits;
}

async function states(sql: Sql): Promise<Record<string, string>> {
  const rows = await sql<{ rkey: string; state: string }[]>`select rkey, state from records`;
  return Object.fromEntries(rows.map(({ rkey, state }) => [rkey, state]));
}

interface Letter {
  readonly rkey: string | null;
  readonly reason: string;
  readonly detail: string;
  readonly kept: boolean;
  readonly is_due: boolean;
}

async function openDeadLetterIds(sql: Sql): Promise<readonly Letter[]> {
  return [
    ...await sql<Letter[]>`
    select rkey, reason, detail, payload -> 'record' is not null
      and payload -> 'record' <> 'null'::jsonb as kept,
      next_attempt_at is not null as is_due
    from dead_letters where resolved_at is null order by rkey, id`,
  ];
}

databaseTest(
  "only the rejected row becomes a dead letter, for every code",
  async (database) => {
    const { sql } = database;
    const codes = ["22023", "23514", "54000", "P0001", "XX000"];
    for (const sqlState of codes) {
      await refuseRows(sql, { table: "scenes", when: `new.name = 'refuse ${sqlState}'`, sqlState });
    }
    const script = new Script();
    const frames = Array.from({ length: 60 }, (_, number) => {
      const code = number % 12 === 5 ? codes[Math.floor(number / 12)] : undefined;
      const name = code === undefined ? "Basement" : `refuse ${code}`;
      return script.commit(ALICE, "scene", code ?? `s${number}`, { name });
    });
    const commits = await index(database, frames, {
      then: ({ counts }) => {
        const outcomes = frames.map((_, number) => number % 12 === 5 ? "dead_letter" : "applied");
        assert.deepEqual(counts, countsOf(outcomes as ("dead_letter" | "applied")[]));
      },
    });
    assert.equal(commits, 1, "the rest of the batch must be one transaction");
    assert.deepEqual(
      await openDeadLetterIds(sql),
      codes.map((code) => ({
        rkey: code,
        reason: "database_refused",
        detail: `table scenes, SQLSTATE ${code}`,
        kept: true,
        is_due: true,
      })),
    );
    const found = await states(sql);
    assert.deepEqual(codes.map((code) => found[code]), codes.map(() => "rejected"));
    assert.equal(Object.values(found).filter((state) => state === "applied").length, 55);
  },
);

databaseTest("when a whole table is refused, each record has its dead letter", async (database) => {
  const { sql } = database;
  await refuseRows(sql, { table: "scenes", when: "true", sqlState: "23514" });
  const script = new Script();
  const frames = Array.from(
    { length: 100 },
    (_, number) => script.commit(ALICE, "scene", `s${number}`, SCENE),
  );
  const badge = script.commit(ALICE, "badge", "b", { level: 1 });
  assert.equal(await index(database, [...frames, badge]), 1);
  const letters = await openDeadLetterIds(sql);
  assert.equal(letters.length, 100);
  assert.ok(letters.every(({ kept }) => kept));
  assert.equal((await states(sql))["b"], "unmapped");
});

databaseTest("a waiting child that is rejected does not delay its parent", async (database) => {
  const { sql } = database;
  const script = new Script();
  const children = ["one", "two", "three"].map((text) =>
    script.commit(BOB, "post", text, { text, sceneId: uriOf(ALICE, "app.subcult.scene", "s1") })
  );
  await refuseRows(sql, { table: "posts", when: "new.text = 'two'" });
  const parent = script.commit(ALICE, "scene", "s1", SCENE);
  // Batches of their own: the children are in the ledger when their parent comes.
  const more = { env: { BATCH_MAX_EVENTS: "3" } };
  assert.equal(await index(database, [...children, parent], more), 2);
  assert.deepEqual(await states(sql), {
    one: "applied",
    two: "rejected",
    three: "applied",
    s1: "applied",
  });
  const detail = "table posts, SQLSTATE 22023";
  assert.deepEqual(await openDeadLetterIds(sql), [
    { rkey: "two", reason: "database_refused", detail, kept: true, is_due: true },
  ]);
});

databaseTest("a record whose body the ledger refuses is kept without it", async (database) => {
  const { sql } = database;
  await refuseRows(sql, { table: "records", when: "new.record ->> 'name' = 'refused'" });
  const script = new Script();
  const frames = [
    script.commit(ALICE, "scene", "s1", SCENE),
    script.commit(ALICE, "scene", "s2", { name: "refused" }),
    script.commit(ALICE, "scene", "s3", SCENE),
  ];
  assert.equal(await index(database, frames), 1);
  assert.deepEqual(await states(sql), { s1: "applied", s2: "rejected", s3: "applied" });
  const [letter] = await openDeadLetterIds(sql);
  assert.deepEqual([letter?.rkey, letter?.kept], ["s2", false]);
});

databaseTest(
  "an event that the ledger refuses in any form is one dead letter",
  async (database) => {
    const { sql } = database;
    await refuseRows(sql, { table: "records", when: "new.rkey = 's2'" });
    const script = new Script();
    const frames = [
      script.commit(ALICE, "scene", "s1", SCENE),
      script.commit(ALICE, "scene", "s2", SCENE),
      script.commit(ALICE, "scene", "s3", SCENE),
    ];
    const counts: OutcomeCounts[] = [];
    for (let time = 0; time < 2; time++) {
      const env = { CONSUMER_NAME: `reader-${time}` };
      await index(database, frames, { env, then: (program) => counts.push(program.counts) });
    }
    assert.deepEqual(counts, [
      countsOf(["applied", "dead_letter", "applied"]),
      countsOf(["duplicate", "duplicate", "duplicate"]),
    ]);
    assert.deepEqual(await states(sql), { s1: "applied", s3: "applied" });
    const letters = await sql<{ reason: string; detail: string; excerpt: string }[]>`
    select reason, detail, payload ->> 'excerpt' as excerpt from dead_letters`;
    assert.deepEqual([...letters], [{
      reason: "database_refused",
      detail: "a commit event, SQLSTATE 22023",
      excerpt: uriOf(ALICE, "app.subcult.scene", "s2"),
    }]);
  },
);

databaseTest("a row that is refused at the commit is found", async (database) => {
  const { sql } = database;
  const script = new Script();
  await index(database, [script.commit(ALICE, "scene", "s1", SCENE)]);
  // Another session deletes the row: foreign keys are checked last.
  await sql`delete from scenes`;
  const frames = [
    script.commit(ALICE, "scene", "s2", SCENE),
    script.commit(ALICE, "post", "p1", { text: "one", sceneId: "s1" }),
    script.commit(ALICE, "post", "p2", { text: "two", sceneId: "s2" }),
  ];
  await index(database, [...frames, ...frames], { env: { CONSUMER_NAME: "another" } });
  assert.deepEqual(await states(sql), {
    s1: "applied",
    s2: "applied",
    p1: "rejected",
    p2: "applied",
  });
  const detail = "a commit event, SQLSTATE 23503";
  assert.deepEqual(await openDeadLetterIds(sql), [
    { rkey: "p1", reason: "database_refused", detail, kept: true, is_due: true },
  ]);
});

databaseTest(
  "when a batch is split, only its last part moves the cursor",
  async (database) => {
    const { sql } = database;
    const script = new Script();
    const cursors: number[] = [];
    const folded = new Folded(database, {
      failures: [],
      step: async (name) => {
        if (name !== "committed") return;
        const [row] = await sql<{ cursor: number }[]>`
        select cursor::float8 as cursor from indexer_state`;
        cursors.push(row?.cursor ?? 0);
      },
    });
    await folded.write([script.commit(ALICE, "scene", "s1", SCENE)]);
    await sql`delete from scenes`;
    cursors.length = 0;
    await folded.write([
      script.commit(ALICE, "scene", "s2", SCENE),
      script.commit(ALICE, "post", "p1", { text: "one", sceneId: "s1" }),
      script.commit(ALICE, "post", "p2", { text: "two", sceneId: "s2" }),
    ], { cursor: 10, timeUs: 1_000_000, source: "test" });
    assert.ok(cursors.length >= 2, "the batch was not split");
    assert.deepEqual(cursors, [...cursors.slice(1).map(() => 0), 10]);
  },
);

databaseTest(
  "a delete that can't be written is a dead letter, and the stream continues",
  async (database) => {
    const { sql } = database;
    const script = new Script();
    await index(database, [
      script.commit(ALICE, "scene", "s1", SCENE),
      script.commit(ALICE, "scene", "s2", SCENE),
    ]);
    await refuseRows(sql, {
      table: "scenes",
      when: "not new.indexer_live and new.record_rkey = 's1'",
    });
    const gone = [
      script.commit(ALICE, "scene", "s1", null),
      script.commit(ALICE, "scene", "s2", null),
    ];
    await index(database, gone, { env: { CONSUMER_NAME: "another" } });
    assert.deepEqual(await states(sql), { s1: "applied", s2: "deleted" });
    const letters = await openDeadLetterIds(sql);
    assert.deepEqual(letters.map(({ reason, rkey }) => [reason, rkey]), [[
      "database_refused",
      null,
    ]]);
  },
);

databaseTest(
  "a record whose row is rejected for the creation time of an older revision is hidden with its children",
  async (database) => {
    const { sql } = database;
    const script = new Script();
    const createdIn = (year: number): string =>
      script.commit(ALICE, "scene", "s1", { ...SCENE, createdAt: `${year}-01-01T00:00:00Z` });
    const older = createdIn(2020);
    await index(database, [
      createdIn(2026),
      script.commit(ALICE, "post", "p1", { text: "one", sceneId: "s1" }),
    ]);
    const stop = await refuseRows(sql, { table: "scenes", when: "new.created_at < '2025-01-01'" });
    const other = script.commit(ALICE, "scene", "s2", SCENE);
    await index(database, [older, other], { env: { CONSUMER_NAME: "another" } });
    assert.deepEqual(await states(sql), { s1: "rejected", s2: "applied", p1: "waiting" });
    const live = await sql`select record_rkey from scenes where indexer_live`;
    assert.deepEqual(live.map(({ record_rkey }) => record_rkey), ["s2"]);
    const letters = await openDeadLetterIds(sql);
    assert.deepEqual(letters.map(({ rkey, reason }) => [rkey, reason]), [[
      "s1",
      "database_refused",
    ]]);

    await stop();
    const newer = script.commit(ALICE, "scene", "s1", SCENE);
    await index(database, [newer], { env: { CONSUMER_NAME: "third" } });
    assert.deepEqual(await states(sql), { s1: "applied", s2: "applied", p1: "applied" });
    assert.deepEqual(await openDeadLetterIds(sql), []);
    const [row] = await sql`select extract(year from created_at)::int as year from scenes
      where record_rkey = 's1'`;
    assert.equal(row?.year, 2020);
  },
);

databaseTest(
  "a row that could not be written because of the database is not rejected",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const failures: string[] = [];
    const folded = new Folded(database, { failures });
    await refuseRows(sql, { table: "scenes", when: "new.name = 'refused'" });
    const full = { table: "scenes", when: "new.name = 'too much'", sqlState: "53100" };
    const end = await refuseRows(sql, full);
    // Parts of one event, then of two: the last two rows are written by one statement.
    const batch = [
      events.put("alice/scene/s0"),
      events.put("alice/scene/s1", { name: "refused" }),
      events.put("alice/scene/s2", { name: "too much" }),
    ];
    await assert.rejects(folded.batch(...batch), /can't be used/);
    assert.ok(failures.length > 0);
    assert.equal(await folded.count("records"), 0);
    await end();
    assert.deepEqual(await folded.batch(...batch), ["applied", "dead_letter", "applied"]);
  },
);

databaseTest(
  "a search for rejected rows reports progress before each of its queries",
  async ({ sql }) => {
    await sql`create table facts (n text check (false))`;
    const rows = Array.from({ length: 8 }, (_, n) => ({ n: String(n) }));
    const statement = {
      text: "insert into facts select n from unnest($1::text[]) as r(n)",
      columns: [{ name: "n", type: "text" }],
    } as const;
    let heard = 0;
    const refused = await findRefusedRows(sql, { name: "facts", statement, rows }, () => heard++);
    assert.deepEqual(refused, rows.map((row) => ({ row, sqlState: "23514" })));
    // All, and every half down to the single rows.
    assert.equal(heard, 15);
  },
);
