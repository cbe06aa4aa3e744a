import assert from "node:assert/strict";
import { connect, terminate } from "../lib/repository/connection.ts";
import { ConnectionError } from "../lib/repository/connection_error.ts";
import { concat } from "../lib/repository/embedded/wire.ts";

const MEGABYTE = 2 ** 20;

function message(type: string, body: Uint8Array, declared = body.length): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = type.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, declared + 4);
  bytes.set(body, 5);
  return bytes;
}

const GREETING = concat([
  message("R", new Uint8Array(4)),
  message("Z", new Uint8Array(["I".charCodeAt(0)])),
]);

/** A server that lets everybody in and answers each message in its own way, for ever. */
function evilServer(answer: (connection: Deno.Conn) => Promise<void>): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const connection of listener) {
      void (async () => {
        const buffer = new Uint8Array(65_536);
        await connection.read(buffer);
        await connection.write(GREETING);
        await connection.read(buffer);
        await answer(connection);
      })().catch(() => {}).finally(() => {
        try {
          connection.close();
        } catch {
          // It is closed.
        }
      });
    }
  })();
  return listener;
}

async function mostMemory(run: () => Promise<void>): Promise<number> {
  const before = Deno.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 20);
  try {
    await run();
  } finally {
    clearInterval(timer);
  }
  return (Math.max(most, Deno.memoryUsage().rss) - before) / MEGABYTE;
}

async function assertGivenUp(
  answer: (connection: Deno.Conn) => Promise<void>,
  mostMb: number,
): Promise<void> {
  const listener = evilServer(answer);
  const url = `postgres://me:x@127.0.0.1:${listener.addr.port}/db?sslmode=disable`;
  const sql = connect(url, { max: 1, applicationName: "tests" });
  try {
    const grown = await mostMemory(() =>
      assert.rejects(async () => await sql`select 1`, ConnectionError)
    );
    assert.ok(grown < mostMb, `it took ${grown} MB`);
  } finally {
    terminate(sql);
    listener.close();
  }
}

Deno.test("a message that is announced with 2 GB ends the connection before any of it is kept", () =>
  assertGivenUp(async (connection) => {
    const part = new Uint8Array(MEGABYTE);
    await connection.write(message("D", part, 2 ** 31 - 5));
    while (true) await connection.write(part);
  }, 100));

Deno.test("an answer without end ends the connection at 256 MB", () => {
  const part = message("N", new Uint8Array(MEGABYTE));
  return assertGivenUp(async (connection) => {
    for (let at = 0; at < part.length;) at += await connection.write(part.subarray(at));
    while (true) {
      for (let at = 0; at < part.length;) at += await connection.write(part.subarray(at));
    }
  }, 400);
});
