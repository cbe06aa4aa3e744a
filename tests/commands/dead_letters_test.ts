import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { hastyClock } from "../support/crash/hasty_clock.ts";
import { Program, type ProgramOptions } from "../support/crash/in_process.ts";
import { refuseRows } from "../support/crash/refusing.ts";
import { numbered } from "../support/crash/stream.ts";
import { databaseTest, type TestDatabase } from "../support/database.ts";
import { DatabaseProxy } from "../support/faults/database_proxy.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { uriOf } from "../support/model/address.ts";
import { ALICE, BOB, Script } from "../support/model/frames.ts";
import { until } from "../support/within.ts";

const TOKEN = "a-token-of-the-tests";
const SCENE = { name: "Basement" };

/** The program on a growing stream, and the actions of operators. */
class Subject implements AsyncDisposable {
  readonly program: Program;
  readonly script = new Script();
  readonly #server = new ReplayServer({ pingMs: 0 });
  #sent = 0;

  constructor(databaseUrl: string, options: Partial<ProgramOptions> = {}) {
    this.program = new Program({
      databaseUrl,
      streamUrl: this.#server.url,
      env: { INTERNAL_AUTH_TOKEN: TOKEN, BATCH_MAX_WAIT_MS: "50" },
      random: () => 0.05,
      ...options,
    });
  }

  /** Sends frames, and waits until they are committed. */
  async send(...frames: readonly string[]): Promise<void> {
    const nothing = Array.from({ length: this.#sent }, () => "{}");
    this.#server.push(...numbered([...nothing, ...frames]).slice(this.#sent));
    this.#sent += frames.length;
    await this.program.committed(this.#sent);
  }

  /** Retries all open dead letters, like an operator. */
  async retry(): Promise<unknown> {
    const response = await this.program.fetch("/api/dead-letters/retry", {
      method: "POST",
      headers: { "Authorization": `Bearer ${TOKEN}`, "Content-Type": "application/json" },
      body: "{}",
    });
    assert.equal(response.status, 200);
    const { tried, resolved } = await response.json();
    return { tried, resolved };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
    await this.#server.close();
  }
}

interface Letter {
  readonly rkey: string | null;
  readonly reason: string;
  readonly attempts: number;
  readonly resolution: string | null;
  readonly kept: boolean;
  /** Whole minutes until the next attempt, rounded up; null when none is due. */
  readonly minutes: number | null;
}

async function letters(sql: Sql): Promise<Letter[]> {
  return [
    ...await sql<Letter[]>`
      select rkey, reason, attempts, resolution, payload is not null as kept,
        ceil(extract(epoch from next_attempt_at - now()) / 60)::float8 as minutes
      from dead_letters order by id`,
  ];
}

async function stateOf(sql: Sql, rkey: string): Promise<string | undefined> {
  const [row] = await sql<{ state: string }[]>`select state from records where rkey = ${rkey}`;
  return row?.state;
}

async function makeDue(sql: Sql): Promise<void> {
  await sql`update dead_letters set next_attempt_at = now() where next_attempt_at is not null`;
}

/** Resolves when a condition holds; the program checks for due dead letters by its own clock. */
function untilMet(met: () => Promise<boolean>): Promise<void> {
  return until(met, `${met}`);
}

databaseTest(
  "a retry applies the record and resolves its dead letter in one transaction",
  async (db) => {
    const { sql, url } = db;
    await using subject = new Subject(url);
    const end = await refuseRows(sql, { table: "scenes", when: "new.name = 'refused'" });
    const { script } = subject;
    await subject.send(
      script.commit(BOB, "post", "p1", {
        text: "hi",
        sceneId: uriOf(ALICE, "app.subcult.scene", "s1"),
      }),
      script.commit(ALICE, "scene", "s1", { name: "refused" }),
      script.commit(ALICE, "scene", "s2", SCENE),
    );
    assert.equal(await stateOf(sql, "s1"), "rejected");
    assert.equal(await stateOf(sql, "p1"), "waiting");
    await end();
    assert.deepEqual(await subject.retry(), { tried: 1, resolved: 1 });
    assert.equal(await stateOf(sql, "s1"), "applied");
    assert.equal(await stateOf(sql, "p1"), "applied");
    const [letter] = await letters(sql);
    assert.deepEqual([letter?.resolution, letter?.kept], ["retried", false]);
    const transactions = await sql<{ xmin: string }[]>`
    select xmin::text from records where rkey in ('s1', 'p1')
    union select xmin::text from scenes where record_rkey = 's1'
    union select xmin::text from posts where record_rkey = 'p1'
    union select xmin::text from dead_letters`;
    assert.equal(transactions.length, 1);
  },
);

databaseTest("a retry that succeeds for some leaves the others open", async ({ sql, url }) => {
  await using subject = new Subject(url);
  const { script } = subject;
  const ends = [
    await refuseRows(sql, { table: "scenes", when: "new.name = 'one'" }),
    await refuseRows(sql, { table: "scenes", when: "new.name = 'two'" }),
  ];
  await subject.send(
    script.commit(ALICE, "scene", "s1", { name: "one" }),
    script.commit(ALICE, "scene", "s2", { name: "two" }),
  );
  await ends[0]?.();
  assert.deepEqual(await subject.retry(), { tried: 2, resolved: 1 });
  assert.deepEqual(
    (await letters(sql)).map(({ rkey, attempts, resolution }) => [rkey, attempts, resolution]),
    [["s1", 0, "retried"], ["s2", 1, null]],
  );
  assert.equal(await stateOf(sql, "s1"), "applied");
  assert.equal(await stateOf(sql, "s2"), "rejected");
});

databaseTest(
  "a record that Postgres rejected is retried automatically, after growing waits",
  async ({ sql, url }) => {
    await using subject = new Subject(url, { clock: hastyClock(100) });
    const { script } = subject;
    const end = await refuseRows(sql, { table: "scenes", when: "new.name = 'refused'" });
    await subject.send(
      script.commit(ALICE, "scene", "s1", { name: "refused" }),
      script.commit(ALICE, "scene", "s2", { name: "" }),
    );
    const [refused, invalid] = await letters(sql);
    assert.deepEqual([refused?.attempts, refused?.minutes], [0, 1]);
    // Only a newer revision can fix an invalid record.
    assert.deepEqual([invalid?.reason, invalid?.minutes], ["empty_field", null]);
    for (const [attempts, minutes] of [[1, 2], [2, 4], [3, 8]] as const) {
      await makeDue(sql);
      await untilMet(async () => (await letters(sql))[0]?.attempts === attempts);
      assert.equal((await letters(sql))[0]?.minutes, minutes);
    }
    await end();
    await makeDue(sql);
    await untilMet(async () => (await letters(sql))[0]?.resolution === "retried");
    assert.equal(await stateOf(sql, "s1"), "applied");
    assert.deepEqual((await letters(sql))[1], invalid);
  },
);

databaseTest(
  "a record that Postgres rejected ten times is no longer retried automatically",
  async ({ sql, url }) => {
    await using subject = new Subject(url, { clock: hastyClock(100) });
    const { script } = subject;
    const end = await refuseRows(sql, { table: "scenes", when: "new.name = 'refused'" });
    await subject.send(script.commit(ALICE, "scene", "s1", { name: "refused" }));
    await sql`update dead_letters set attempts = 8`;
    for (const [attempts, minutes] of [[9, 512], [10, null]] as const) {
      await makeDue(sql);
      await untilMet(async () => (await letters(sql))[0]?.attempts === attempts);
      assert.equal((await letters(sql))[0]?.minutes, minutes);
    }
    await end();
    assert.deepEqual(await subject.retry(), { tried: 1, resolved: 1 });
    assert.equal(await stateOf(sql, "s1"), "applied");
  },
);

databaseTest(
  "a later valid revision resolves the dead letters of earlier ones",
  async ({ sql, url }) => {
    await using subject = new Subject(url);
    const { script } = subject;
    await refuseRows(sql, { table: "scenes", when: "new.name = 'refused'" });
    await subject.send(
      script.commit(ALICE, "scene", "s1", { name: "" }),
      script.commit(ALICE, "scene", "s2", { name: "refused" }),
    );
    await subject.send(
      script.commit(ALICE, "scene", "s1", SCENE),
      script.commit(ALICE, "scene", "s2", SCENE),
    );
    assert.deepEqual(
      (await letters(sql)).map(({ resolution, kept, minutes }) => [resolution, kept, minutes]),
      [["superseded", false, null], ["superseded", false, null]],
    );
    assert.equal(await stateOf(sql, "s1"), "applied");
    assert.equal(await stateOf(sql, "s2"), "applied");
    assert.deepEqual(await subject.retry(), { tried: 0, resolved: 0 });
  },
);

databaseTest(
  "a retry of an invalid record changes only its count of attempts",
  async ({ sql, url }) => {
    await using subject = new Subject(url);
    const { script } = subject;
    await subject.send("not json", script.commit(ALICE, "scene", "s1", { name: "" }));
    // An undecodable message can't be retried.
    assert.deepEqual(await subject.retry(), { tried: 1, resolved: 0 });
    assert.deepEqual(
      (await letters(sql)).map((
        { reason, attempts, resolution },
      ) => [reason, attempts, resolution]),
      [["invalid_json", 0, null], ["empty_field", 1, null]],
    );
  },
);

databaseTest("a record that is retried without its parent waits for it", async ({ sql, url }) => {
  await using subject = new Subject(url);
  const { script } = subject;
  const end = await refuseRows(sql, { table: "posts", when: "new.indexer_live" });
  const post = { text: "hi", sceneId: uriOf(BOB, "app.subcult.scene", "s1") };
  await subject.send(
    script.commit(BOB, "scene", "s1", SCENE),
    script.commit(ALICE, "post", "p1", post),
  );
  assert.equal(await stateOf(sql, "p1"), "rejected");
  await subject.send(script.commit(BOB, "scene", "s1", null));
  await end();
  assert.deepEqual(await subject.retry(), { tried: 1, resolved: 1 });
  assert.equal(await stateOf(sql, "p1"), "waiting");
  await subject.send(script.commit(BOB, "scene", "s1", SCENE));
  assert.equal(await stateOf(sql, "p1"), "applied");
});

databaseTest(
  "a dead letter that can't be closed in any form stays open, and others are closed",
  async (db) => {
    const { sql, url } = db;
    await using subject = new Subject(url);
    const { script } = subject;
    const end = await refuseRows(sql, { table: "scenes", when: "new.indexer_live" });
    await subject.send(
      script.commit(ALICE, "scene", "s1", SCENE),
      script.commit(ALICE, "scene", "s2", SCENE),
      script.commit(ALICE, "scene", "s3", SCENE),
    );
    await end();
    await refuseRows(sql, { table: "records", when: "new.rkey = 's2'" });
    assert.deepEqual(await subject.retry(), { tried: 3, resolved: 2 });
    assert.deepEqual(
      (await letters(sql)).map(({ rkey, resolution, kept }) => [rkey, resolution, kept]),
      [["s1", "retried", false], ["s2", null, true], ["s3", "retried", false]],
    );
  },
);

databaseTest(
  "two instances take each due dead letter once",
  async ({ sql, url }: TestDatabase) => {
    const env = (name: string): Record<string, string> => ({ CONSUMER_NAME: name });
    await using one = new Subject(url, { clock: hastyClock(100), env: env("one") });
    await using two = new Subject(url, { clock: hastyClock(100), env: env("two") });
    await refuseRows(sql, { table: "scenes", when: "new.indexer_live" });
    const scenes = Array.from(
      { length: 20 },
      (_, number) => one.script.commit(ALICE, "scene", `s${number}`, SCENE),
    );
    await one.send(...scenes);
    await two.send(...scenes);
    await makeDue(sql);
    await untilMet(async () => (await letters(sql)).every(({ attempts }) => attempts > 0));
    assert.ok((await letters(sql)).every(({ attempts }) => attempts === 1));
  },
);

databaseTest(
  "a retry whose commit was not answered is done once",
  async ({ sql, url }) => {
    await using proxy = DatabaseProxy.start(url);
    let ordered: { hasFired: boolean } | null = null;
    await using subject = new Subject(proxy.url, {
      faultPoint: (name) => {
        if (name === "retry_cursor_moved") ordered ??= proxy.loseCommit();
      },
    });
    const { script } = subject;
    const end = await refuseRows(sql, { table: "scenes", when: "new.indexer_live" });
    await subject.send(script.commit(ALICE, "scene", "s1", SCENE));
    await end();
    assert.deepEqual(await subject.retry(), { tried: 1, resolved: 1 });
    assert.ok((ordered as { hasFired: boolean } | null)?.hasFired);
    assert.equal(await stateOf(sql, "s1"), "applied");
    assert.deepEqual((await letters(sql)).map(({ resolution }) => resolution), ["retried"]);
  },
  { kinds: ["server"] },
);
