/**
 * For any records, the heap stays under a stated limit. The program runs in a process of its own
 * with a fraction of the executable's heap; each change is more than that many times over. `/health` is
 * asked all along, and the next good record must be written.
 */

import assert from "node:assert/strict";
import {
  aScene,
  AUTHOR,
  largeEvents,
  largeLetters,
  largePosts,
  manyScenes,
  OWNER,
  uriOf,
} from "../support/bounded/large_records.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { databaseTest, type TestDatabase } from "../support/database.ts";
import { PROGRAM, PROGRAM_NAME } from "../support/hostile/executable.ts";
import { assertWithinMemory, MEMORY_LIMITED } from "../support/hostile/memory_limit.ts";
import { commit, FROM_SOURCE, nextTimeUs, Victim } from "../support/hostile/victim.ts";
import { until } from "../support/within.ts";

/**
 * The executable has 512 MiB. With a quarter of that, a quarter of the records is as much too much:
 * `BOUNDED=full` takes all of both, and the executable itself.
 */
const isFull = Deno.env.get("BOUNDED") === "full";
const HEAP_MIB = isFull ? 512 : 128;
const COMMAND = isFull
  ? PROGRAM
  : FROM_SOURCE.map((word) => word.replace(/(?<=max-old-space-size=)\d+/, `${HEAP_MIB}`));

/** The tested changes, each with its data. */
function named(what: string): string {
  return `${what} (${isFull ? PROGRAM_NAME : "the program from its source"}, ${MEMORY_LIMITED})`;
}

function scaled(count: number): number {
  return count * HEAP_MIB / 512;
}
const TOKEN = "a-token-of-the-tests";
const PATIENCE_MS = 300_000;
const SERVER = { kinds: ["server"] } as const;

const POSTS = scaled(700);
const CHILDREN = scaled(600);
const EVENTS = scaled(700);
const LETTERS = scaled(500);
const SCENES = scaled(200_000);

function account(did: string, active: boolean, status?: string): string {
  const timeUs = nextTimeUs();
  const body = {
    did,
    active,
    status,
    seq: timeUs % 1e9,
    time: new Date(timeUs / 1e3).toISOString(),
  };
  return JSON.stringify({ did, time_us: timeUs, kind: "account", account: body });
}

/** The program with little heap, whose health is checked until the end. */
class Bounded implements AsyncDisposable {
  readonly #victim: Victim;
  readonly #watch: Promise<void>;
  #isOver = false;
  readonly #unwell: string[] = [];
  #asked = 0;

  private constructor(victim: Victim) {
    this.#victim = victim;
    this.#watch = this.#lookOften();
  }

  static async start(database: TestDatabase): Promise<Bounded> {
    const env = { INTERNAL_AUTH_TOKEN: TOKEN, BATCH_MAX_WAIT_MS: "2000", LOG_LEVEL: "info" };
    return new Bounded(await Victim.start(database, env, COMMAND));
  }

  /** Sends messages and waits until a good record after them is written. */
  async takes(...messages: readonly string[]): Promise<void> {
    await this.#victim.suffer(async (peer) => {
      for (const message of messages) await peer.send(message);
    }, { token: TOKEN, patienceMs: PATIENCE_MS });
    assert.deepEqual(this.#unwell, []);
    assert.ok(this.#asked > 0);
    await assertWithinMemory(this.#victim.pid);
  }

  until(holds: () => Promise<boolean>): Promise<void> {
    const state = (): string => this.#victim.log.slice(-9).join("\n");
    return until(holds, `${holds}`, { limitMs: PATIENCE_MS, everyMs: 100, state });
  }

  retryAll(): Promise<Response> {
    return this.#victim.ask("POST", "/api/dead-letters/retry", TOKEN);
  }

  async #lookOften(): Promise<void> {
    while (!this.#isOver) {
      await this.#look();
      await delay(200);
    }
  }

  async #look(): Promise<void> {
    try {
      const { status, body } = await this.#victim.ask("GET", "/health", TOKEN);
      await body?.cancel();
      this.#asked++;
      if (status !== 200) this.#unwell.push(`health ${status}`, ...this.#victim.log.slice(-9));
    } catch (error) {
      this.#unwell.push(String(error));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#victim[Symbol.asyncDispose]();
    await this.#watch;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function live(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.unsafe<{ count: number }[]>(
    `select count(*)::int as count from ${table} where deleted_at is null`,
  );
  return row?.count ?? 0;
}

databaseTest(
  named(`${POSTS} posts of 900 kB go and come with their author's account`),
  async (database) => {
    const { sql } = database;
    await aScene(sql);
    await largePosts(sql, POSTS);
    await using bounded = await Bounded.start(database);
    await bounded.takes(account(AUTHOR, false, "deactivated"));
    assert.equal(await live(sql, "posts"), 0);
    await bounded.takes(account(AUTHOR, true));
    assert.equal(await live(sql, "posts"), POSTS);
  },
  SERVER,
);

databaseTest(
  named(`${CHILDREN} posts of 900 kB go and come with their scene`),
  async (database) => {
    const { sql } = database;
    await aScene(sql);
    await largePosts(sql, CHILDREN);
    await using bounded = await Bounded.start(database);
    await bounded.takes(commit(OWNER, "scene", "scene1", {}, { operation: "delete" }));
    assert.equal(await live(sql, "posts"), 0);
    await bounded.takes(commit(OWNER, "scene", "scene1", { name: "again" }));
    assert.equal(await live(sql, "posts"), CHILDREN);
  },
  SERVER,
);

databaseTest(named(`a repository of ${SCENES} scenes goes and comes`), async (database) => {
  const { sql } = database;
  await manyScenes(sql, SCENES);
  await using bounded = await Bounded.start(database);
  const before = await live(sql, "scenes");
  await bounded.takes(account(OWNER, false, "deactivated"));
  assert.equal(await live(sql, "scenes"), 1);
  await bounded.takes(account(OWNER, true));
  assert.equal(await live(sql, "scenes"), before + 2);
}, SERVER);

databaseTest(
  named(`a batch of ${EVENTS} posts names as many events of 900 kB`),
  async (database) => {
    const { sql } = database;
    await aScene(sql);
    await largeEvents(sql, EVENTS);
    await using bounded = await Bounded.start(database);
    const posts = Array.from({ length: EVENTS }, (_, i) => {
      return commit(AUTHOR, "post", `p${i}`, {
        text: "see you",
        eventId: uriOf(OWNER, "event", `event${i + 1}`),
      });
    });
    await bounded.takes(...posts);
    assert.equal(await live(sql, "posts"), EVENTS);
  },
  SERVER,
);

databaseTest(named(`${LETTERS} dead letters of 900 kB are retried at once`), async (database) => {
  const { sql } = database;
  await aScene(sql);
  await largeLetters(sql, LETTERS);
  await using bounded = await Bounded.start(database);
  // The answer has its own limit in time, and what was begun goes on.
  await (await bounded.retryAll()).body?.cancel();
  await bounded.until(async () => await live(sql, "posts") === LETTERS);
  await bounded.takes();
  const open = await sql`select from dead_letters where resolved_at is null`;
  assert.equal(open.length, 0);
}, SERVER);
