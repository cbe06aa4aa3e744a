import assert from "node:assert/strict";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { ConnectionError } from "../../../lib/repository/connection/connection_error.ts";
import { concat } from "../../../lib/repository/embedded/wire.ts";
import { GREETING, message } from "../../support/hostile/endless_postgres.ts";

const MEGABYTE = 2 ** 20;

/** Sends bytes until the client disconnects, and returns how many were sent. */
type Sending = (send: (bytes: Uint8Array) => Promise<void>) => Promise<never>;

/** A server that accepts every login and answers the first query endlessly. */
class EndlessServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  /** Of the answer. */
  sentBytes = 0;

  constructor(sending: Sending) {
    void this.#serve(sending);
  }

  get url(): string {
    return `postgres://me:x@127.0.0.1:${this.#listener.addr.port}/db?sslmode=disable`;
  }

  async #serve(sending: Sending): Promise<void> {
    for await (const connection of this.#listener) {
      const question = new Uint8Array(65_536);
      try {
        await connection.read(question);
        await connection.write(GREETING);
        await connection.read(question);
        await sending(async (bytes) => {
          if (this.sentBytes > 2 ** 30) throw new Error("the client takes everything");
          for (let at = 0; at < bytes.length;) {
            const sent = await connection.write(bytes.subarray(at));
            at += sent;
            this.sentBytes += sent;
          }
        });
      } catch {
        // The client has left.
      }
      connection.close();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

async function assertGivenUp(sending: Sending, mostMb: number): Promise<void> {
  using server = new EndlessServer(sending);
  const sql = connect(server.url, { max: 1, applicationName: "tests" });
  try {
    await assert.rejects(async () => await sql`select 1`, ConnectionError);
  } finally {
    terminate(sql);
  }
  const sent = server.sentBytes / MEGABYTE;
  assert.ok(sent <= mostMb, `${sent} MB were sent`);
}

/** What lies in the buffers of both ends when a connection is left, megabytes. */
const BUFFERS_MB = 32;

Deno.test("a message that declares 2 GB ends the connection before any of it is kept", () =>
  assertGivenUp(async (send) => {
    const part = new Uint8Array(MEGABYTE);
    await send(message("D", part, 2 ** 31 - 5));
    while (true) await send(part);
  }, BUFFERS_MB));

Deno.test("an endless answer ends the connection at 128 MB, which take twice as much memory", () => {
  const part = message("N", new Uint8Array(MEGABYTE));
  return assertGivenUp(async (send) => {
    while (true) await send(part);
  }, 128 + BUFFERS_MB);
});

for (
  const [what, fields, bytes] of [["empty rows", 0, 7], [
    "rows of empty fields",
    1_600,
    6_407,
  ]] as const
) {
  Deno.test(`${what} count with their memory`, () => {
    const body = new Uint8Array(2 + 4 * fields);
    new DataView(body.buffer).setUint16(0, fields);
    const row = message("D", body);
    assert.equal(row.length, bytes);
    const part = concat(Array.from({ length: Math.ceil(MEGABYTE / row.length) }, () => row));
    return assertGivenUp(async (send) => {
      while (true) await send(part);
    }, 24 + BUFFERS_MB);
  });
}
