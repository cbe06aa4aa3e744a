/** The databases that `deno task test` lends to test files. */

import assert from "node:assert/strict";
import { linesOf } from "../support/lines.ts";
import { SharedDatabases, type Source } from "../support/shared/databases.ts";
import type { Leased } from "../support/shared/question.ts";
import { within } from "../support/within.ts";

/** Databases by name only: assigning them to files needs no running database. */
class Named implements Source {
  started = 0;
  isOver = false;

  start(): Promise<Leased> {
    return Promise.resolve({ url: `database ${++this.started}`, schema: "as migrated" });
  }

  template(): Promise<string> {
    return Promise.resolve("template");
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isOver = true;
    return Promise.resolve();
  }
}

/** A test file as the run sees it: a connection. */
class File implements AsyncDisposable {
  readonly #connection: Deno.TcpConn;
  readonly #answers: AsyncGenerator<string>;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.#answers = linesOf(connection.readable);
  }

  static async of({ port }: SharedDatabases): Promise<File> {
    return new File(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async say(message: object): Promise<void> {
    await this.#connection.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
  }

  async lease(question: object = { want: "embedded" }): Promise<Leased> {
    await this.say(question);
    const { value } = await within(this.#answers.next(), "a lease");
    return JSON.parse(value);
  }

  /** Closes the connection, and waits until the run has closed its side. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.closeWrite();
    await within(this.#answers.next(), "the end of the connection");
  }
}

Deno.test("concurrent test files have databases of their own, and the next file gets a free one", async () => {
  const source = new Named();
  await using databases = new SharedDatabases({ embedded: source, server: new Named() });
  await using first = await File.of(databases);
  {
    await using second = await File.of(databases);
    assert.equal((await first.lease()).url, "database 1");
    assert.equal((await second.lease()).url, "database 2");
    assert.equal((await second.lease()).url, "database 2");
  }
  await using third = await File.of(databases);
  assert.equal((await third.lease()).url, "database 2");
  assert.equal(source.started, 2);
});

Deno.test("a file is told what the previous file left in its database", async () => {
  await using databases = new SharedDatabases({
    embedded: new Named(),
    server: new Named(),
  });
  {
    await using first = await File.of(databases);
    assert.equal((await first.lease()).schema, "as migrated");
    await first.say({ kind: "embedded", schema: null });
    await first.lease();
  }
  await using second = await File.of(databases);
  assert.equal((await second.lease()).schema, null);
});

Deno.test("a database that a file has dropped is lent to no other file", async () => {
  await using databases = new SharedDatabases({ embedded: new Named(), server: new Named() });
  {
    await using first = await File.of(databases);
    assert.equal((await first.lease({ want: "server" })).url, "database 1");
    assert.equal((await first.lease({ want: "server", another: true })).url, "database 2");
  }
  await using second = await File.of(databases);
  assert.equal((await second.lease({ want: "server" })).url, "database 2");
  await using third = await File.of(databases);
  assert.equal((await third.lease({ want: "server" })).url, "database 3");
});

Deno.test("a failure to start a database is reported to the file that requested it", async () => {
  const source = new Named();
  source.start = () => Promise.reject(new Error("no room"));
  await using databases = new SharedDatabases({ embedded: source, server: new Named() });
  await using file = await File.of(databases);
  assert.match(JSON.stringify(await file.lease()), /no room/);
});

Deno.test("the databases end with the run, even if test files are still running", async () => {
  const source = new Named();
  const databases = new SharedDatabases({ embedded: source, server: new Named() });
  const file = await File.of(databases);
  await file.lease();
  await within(databases[Symbol.asyncDispose](), "the end of the databases");
  assert.ok(source.isOver);
  await file[Symbol.asyncDispose]();
});
