import assert from "node:assert/strict";
import net from "node:net";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { startEmbedded } from "../../../lib/repository/embedded/embedded.ts";
import { sqlStateOf } from "../../../lib/repository/connection/sqlstate.ts";
import { databaseTest, type TestDatabase } from "../../support/database.ts";

const OPTIONS = { max: 1, applicationName: "tests" };

function embeddedTest(name: string, run: (database: TestDatabase) => Promise<void>): void {
  databaseTest(name, run, { kinds: ["embedded"], content: "empty" });
}

embeddedTest(
  "the prepared data directory has the PostGIS version of the packages",
  async (db) => {
    const [row] = await db.sql<{ library: string; created: string; version: string }[]>`
    select postgis_lib_version() as library, extversion as created,
      current_setting('server_version') as version
    from pg_extension where extname = 'postgis'`;
    assert.equal(row?.library, "3.6.2");
    assert.equal(row?.created, row?.library);
    assert.match(row?.version ?? "", /^18\./);
  },
);

embeddedTest("distances, cells and coordinate systems work", async ({ sql }) => {
  const [row] = await sql<{ metres: number; hash: string; srid: number }[]>`
    select
      round(st_distance('point(13.4 52.5)'::geography, 'point(13.5 52.6)'::geography)) as metres,
      st_geohash('point(13.4 52.5)'::geometry, 6) as hash,
      st_srid(st_transform('srid=4326;point(13.4 52.5)'::geometry, 25833)) as srid`;
  assert.deepEqual({ ...row }, { metres: 13032, hash: "u33d8v", srid: 25833 });
});

embeddedTest("two clients that interleave transactions don't see each other's", async (db) => {
  const [one, two] = [connect(db.url, OPTIONS), connect(db.url, OPTIONS)];
  await one`create table facts (client text, n int)`;
  const write = async (sql: typeof one, client: string): Promise<void> => {
    for (let n = 0; n < 20; n++) {
      await sql.begin(async (tx) => {
        await tx`insert into facts values (${client}, ${n})`;
        const [row] = await tx<{ n: number; own: number }[]>`
          select ${n}::int as n, count(*)::int as own from facts where client = ${client}`;
        assert.deepEqual({ ...row }, { n, own: Math.ceil(n / 2) + 1 });
        if (n % 2 === 1) throw new Error("undone");
      }).catch((error: Error) => assert.equal(error.message, "undone"));
    }
  };
  await Promise.all([write(one, "one"), write(two, "two")]);
  const rows =
    await one`select client, count(*)::int as n from facts group by client order by client`;
  assert.deepEqual([...rows], [{ client: "one", n: 10 }, { client: "two", n: 10 }]);
  await one.end();
  await two.end();
});

embeddedTest("an idle client does not block others", async ({ url, sql }) => {
  const idle = connect(url, OPTIONS);
  await idle`select 1`;
  assert.deepEqual([...await sql`select 2`.values()], [[2]]);
  await terminate(idle);
});

embeddedTest(
  "the transaction of a client that disconnects is rolled back",
  async ({ url, sql }) => {
    await sql`create table facts (n int)`;
    for (const last of ["select 1", "select 1/0", "select"]) {
      const gone = await RawClient.open(url);
      await gone.ask("begin");
      await gone.ask("insert into facts values (1)");
      gone.send(last);
      gone.vanish();
      assert.deepEqual([...await sql`select count(*)::int from facts`.values()], [[0]]);
    }
  },
);

embeddedTest("a client that disconnects after an error, before Sync, blocks nobody", async (db) => {
  const gone = await RawClient.open(db.url);
  gone.write(message("P", "\0select nonsense(\0\0\0"), message("H"));
  await gone.answered("E");
  gone.vanish();
  assert.deepEqual([...await db.sql`select 2`.values()], [[2]]);
});

embeddedTest("an unnamed statement is not replaced by another client's", async ({ url }) => {
  const [one, two] = [await RawClient.open(url), await RawClient.open(url)];
  one.write(message("P", "\0select 'one'\0\0\0"), message("H"));
  await one.answered("1");
  two.write(message("P", "\0select 'two'\0\0\0"), EXECUTE);
  one.write(EXECUTE);
  assert.match(await one.answered("Z"), /one/);
  assert.match(await two.answered("Z"), /two/);
  one.vanish();
  two.vanish();
});

embeddedTest("pipelined queries keep their answers when one of them fails", async ({ url }) => {
  const sql = connect(url, OPTIONS);
  const outcomes = await Promise.all(Array.from({ length: 40 }, async (_, n) => {
    const query = n % 7 === 3 ? sql`select 1 / ${n - n}::int` : sql`select ${n}::int`;
    return await query.values().then(([row]) => row?.[0] as unknown, sqlStateOf);
  }));
  assert.deepEqual(outcomes, Array.from({ length: 40 }, (_, n) => n % 7 === 3 ? "22012" : n));
  await sql.end();
});

embeddedTest("messages of many megabytes pass in both directions", async ({ sql }) => {
  const text = "0123456789abcdef".repeat(1 << 18);
  const [row] = await sql<{ text: string }[]>`select ${text}::text || ${text}::text as text`;
  assert.equal(row?.text.length, 2 * text.length);
  assert.ok(row?.text === text + text);
});

embeddedTest("a client without the password is rejected", async ({ url }) => {
  for (const password of ["", "guess", "x".repeat(32)]) {
    const guess = new URL(url);
    guess.password = password;
    const sql = connect(guess.href, OPTIONS);
    await assert.rejects(async () => await sql`select 1`, (error) => sqlStateOf(error) === "28P01");
    await terminate(sql);
  }
});

embeddedTest("only this machine can reach it", ({ url }) => {
  assert.match(url, /^postgres:\/\/postgres:[0-9a-f]{32}@127\.0\.0\.1:\d+\/postgres$/);
  return Promise.resolve();
});

embeddedTest("invalid data ends only its own connection", async ({ url, sql }) => {
  const garbage = [
    Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 0),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4),
    new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
  ];
  for (const bytes of garbage) {
    const client = await RawClient.connect(url);
    client.socket.write(bytes);
    await client.closed;
  }
  for (const bytes of [message("!"), Uint8Array.of(0x51, 0, 0, 0, 1), message("y", "\0")]) {
    const client = await RawClient.open(url);
    client.socket.write(bytes);
    assert.match(await client.closed, /08P01/);
  }
  assert.deepEqual([...await sql`select 2`.values()], [[2]]);
});

embeddedTest(
  "session settings of clients are reset when the last one leaves",
  async (db) => {
    const { url } = db;
    const sql = connect(url, OPTIONS);
    await sql`set work_mem = '7MB'`;
    await sql`create temp table mine (n int)`;
    await sql.end();
    await terminate(db.sql);
    const next = connect(url, OPTIONS);
    const found = await next`select current_setting('work_mem'), to_regclass('mine')`.values();
    assert.deepEqual([...found], [["4MB", null]]);
    await next.end();
  },
);

embeddedTest("a too deep recursion is an error and does not end the database", async ({ sql }) => {
  await sql.unsafe(`create function f(n int) returns int language plpgsql
    as $$ begin return f(n + 1); end $$`);
  await assert.rejects(
    async () => await sql`select f(1)`,
    (error) => sqlStateOf(error) === "54001",
  );
  assert.deepEqual([...await sql`select 2`.values()], [[2]]);
});

Deno.test("two embedded databases share nothing, and end at once", async () => {
  const [one, two] = await Promise.all([startEmbedded(), startEmbedded()]);
  const [a, b] = [connect(one.url, OPTIONS), connect(two.url, OPTIONS)];
  await a`create table facts (n int)`;
  assert.deepEqual([...await b`select to_regclass('facts')`.values()], [[null]]);
  const asleep = a`select pg_sleep(3600)`.then(() => "woke", () => "ended");
  await one.close();
  assert.equal(await asleep, "ended");
  assert.deepEqual([...await b`select 1`.values()], [[1]]);
  await two.close();
  await terminate(a);
  await terminate(b);
});

/** A message of a client. */
function message(type: string, body = ""): Uint8Array {
  const bytes = new TextEncoder().encode(`${type}\0\0\0\0${body}`);
  new DataView(bytes.buffer).setInt32(1, bytes.length - 1);
  return bytes;
}

/** Binds and runs the unnamed statement, which has no parameters. */
const EXECUTE = Uint8Array.from([
  ...message("B", "\0\0\0\0\0\0\0\0"),
  ...message("E", "\0\0\0\0\0"),
  ...message("S"),
]);

/** A client that sends exactly the given bytes. */
class RawClient {
  readonly socket: net.Socket;
  /** Resolves at the end of the connection, with what was still unread. */
  readonly closed: Promise<string>;
  #received = "";
  #arrived: () => void = () => {};

  private constructor(socket: net.Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on("close", () => resolve(this.#received)));
    socket.on("error", () => {});
    socket.on("data", (data: Uint8Array) => {
      this.#received += String.fromCharCode(...data);
      this.#arrived();
    });
  }

  static async connect(url: string): Promise<RawClient> {
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    return new RawClient(socket);
  }

  static async open(url: string): Promise<RawClient> {
    const client = await RawClient.connect(url);
    const startup = new TextEncoder().encode("\0\0\0\0\0\x03\0\0user\0postgres\0\0");
    new DataView(startup.buffer).setInt32(0, startup.length);
    client.socket.write(startup);
    await client.answered("R");
    client.write(message("p", `${new URL(url).password}\0`));
    await client.answered("Z");
    return client;
  }

  write(...messages: Uint8Array[]): void {
    for (const bytes of messages) this.socket.write(bytes);
  }

  /** A simple query. */
  send(sql: string): void {
    this.write(message("Q", `${sql}\0`));
  }

  async ask(sql: string): Promise<string> {
    this.send(sql);
    return await this.answered("Z");
  }

  /** Waits for a message of this type, and takes all up to its end. */
  async answered(type: string): Promise<string> {
    for (;;) {
      let at = 0;
      while (at + 5 <= this.#received.length) {
        const length = [1, 2, 3, 4]
          .reduce((sum, index) => sum * 256 + this.#received.charCodeAt(at + index), 0);
        const end = at + 1 + length;
        if (end > this.#received.length) break;
        if (this.#received[at] === type) {
          const taken = this.#received.slice(0, end);
          this.#received = this.#received.slice(end);
          return taken;
        }
        at = end;
      }
      await new Promise<void>((resolve) => this.#arrived = resolve);
    }
  }

  vanish(): void {
    this.socket.destroy();
  }
}

embeddedTest("a thousand failed statements do not affect the next one", async ({ sql }) => {
  for (let count = 0; count < 1000; count++) {
    await assert.rejects(sql`select 1 / ${0}::int`, { code: "22012" });
  }
  assert.deepEqual([...await sql`select 2`.values()], [[2]]);
});
