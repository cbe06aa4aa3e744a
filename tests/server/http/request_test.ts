/** The parsing of requests, over a socket, byte by byte as a client sends them. */

import assert from "node:assert/strict";
import { type RunningServer, startServer } from "../../../lib/server/http/server.ts";
import { makeReady, type Subject, subject, TOKEN } from "../../support/server_subject.ts";

interface Asked {
  readonly server: RunningServer;
  readonly under: Subject;
}

async function withServer(
  token: string | null,
  use: (asked: Asked) => Promise<void>,
): Promise<void> {
  const under = subject({ token });
  makeReady(under);
  const server = startServer({ fetch: under.app.fetch, host: "127.0.0.1", port: 0 });
  try {
    await use({ server, under });
  } finally {
    await server.close();
  }
}

/** Sends bytes, ends its side if `ends` is set, and reads until the server closes. */
async function say(
  { server }: Asked,
  text: string | Uint8Array,
  { ends = false, perWrite = Infinity } = {},
): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const bytes = typeof text === "string"
    ? Uint8Array.from(text, (character) => character.charCodeAt(0))
    : text;
  const sending = (async (): Promise<void> => {
    for (let sent = 0; sent < bytes.length;) {
      sent += await connection.write(bytes.subarray(sent, sent + perWrite));
    }
    if (ends) await connection.closeWrite();
  })().catch(() => {});
  let answer = "";
  const buffer = new Uint8Array(65_536);
  try {
    for (let size; (size = await connection.read(buffer)) !== null;) {
      answer += new TextDecoder("latin1").decode(buffer.subarray(0, size));
    }
  } catch {
    // The connection was reset: the data before that counts.
  }
  await sending;
  return answer;
}

/** The status, after a check that the answer is complete: of its declared length, with nothing after it. */
function statusOf(answer: string): number {
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length !== undefined) assert.equal(rest.join("\r\n\r\n").length, Number(length), answer);
  assert.match(head, /^connection: close$/im);
  assert.match(head, /^x-content-type-options: nosniff$/im);
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? NaN);
}

const HOST = "Host: 127.0.0.1\r\n";
const AUTHORIZED = `${HOST}X-Internal-Token: ${TOKEN}\r\n`;
const POST = `POST /api/dead-letters/retry HTTP/1.1\r\n${AUTHORIZED}`;
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

/** What is sent, and the status of its one answer. */
const REQUESTS: readonly (readonly [what: string, text: string, status: number])[] = [
  ["plain", `GET /health HTTP/1.1\r\n${HOST}\r\n`, 200],
  ["an empty line before it", `\r\nGET /health HTTP/1.1\r\n${HOST}\r\n`, 200],
  ["HTTP/1.0 without a host", "GET /health HTTP/1.0\r\n\r\n", 200],
  ["HTTP/1.0 keep-alive", `GET /health HTTP/1.0\r\nConnection: keep-alive\r\n${HOST}\r\n`, 200],
  ["absolute form", "GET http://10.0.0.1:9/health?a=b HTTP/1.1\r\nHost: x\r\n\r\n", 200],
  ["absolute form without a path", "GET http://10.0.0.1 HTTP/1.1\r\nHost: x\r\n\r\n", 403],
  ["Latin-1 in a header", `GET /health HTTP/1.1\r\n${HOST}User-Agent: \xe9\r\n\r\n`, 200],
  ["an upgrade is not taken", `GET /health HTTP/1.1\r\n${HOST}Upgrade: h2c\r\n\r\n`, 200],
  ["a GET with a body", `GET /health HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, 200],
  ["HEAD", `HEAD /health HTTP/1.1\r\n${HOST}\r\n`, 200],
  ["OPTIONS", `OPTIONS /health HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["OPTIONS of all", `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["CONNECT", `CONNECT 127.0.0.1:80 HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["TRACE", `TRACE /health HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["a method of its own", `BREW /health HTTP/1.1\r\n${HOST}\r\n`, 405],

  ["no host", "GET /health HTTP/1.1\r\n\r\n", 400],
  ["two hosts", `GET /health HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
  ["a host that is a path", "GET /metrics HTTP/1.1\r\nHost: a/health#\r\n\r\n", 400],
  ["a host that is a query", "GET /metrics HTTP/1.1\r\nHost: a?\r\n\r\n", 400],
  ["a host with a user", "GET /metrics HTTP/1.1\r\nHost: a@b\r\n\r\n", 400],
  ["a host with a backslash", "GET /metrics HTTP/1.1\r\nHost: a\\health\r\n\r\n", 400],
  ["an empty host", "GET /metrics HTTP/1.1\r\nHost:\r\n\r\n", 400],
  ["a port that is none", "GET /metrics HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400],
  ["an address that is none", "GET /metrics HTTP/1.1\r\nHost: 300.1.1.1\r\n\r\n", 400],
  ["an absolute host that is a path", "GET http://a\\b/ HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["another scheme", "GET https://a/health HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["an address with a fragment", `GET /metrics#/health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["an address with a backslash", `GET /\\health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["an address without a slash", `GET health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["two slashes are no host", `GET //health HTTP/1.1\r\n${HOST}\r\n`, 403],
  ["a long address", `GET /health?${"x".repeat(2_040)} HTTP/1.1\r\n${HOST}\r\n`, 200],
  ["one that is too long", `GET /health?${"x".repeat(2_041)} HTTP/1.1\r\n${HOST}\r\n`, 414],

  ["only line feeds", "GET /health HTTP/1.1\nHost: 127.0.0.1\n\n\r\n\r\n", 400],
  ["one bare line feed", "GET /health HTTP/1.1\r\nHost: 127.0.0.1\nX: y\r\n\r\n", 400],
  ["one bare carriage return", `GET /health HTTP/1.1\r\n${HOST}X: y\rz\r\n\r\n`, 400],
  ["NUL in a header", `GET /health HTTP/1.1\r\n${HOST}X: \0\r\n\r\n`, 400],
  ["a header that goes on", `GET /health HTTP/1.1\r\n${HOST}X: y\r\n z\r\n\r\n`, 400],
  ["a space before the colon", `GET /health HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n`, 400],
  ["a header without a name", `GET /health HTTP/1.1\r\n${HOST}: y\r\n\r\n`, 400],
  ["no version", `GET /health\r\n${HOST}\r\n`, 400],
  ["two spaces", `GET  /health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["HTTP/0.9", "GET /health HTTP/0.9\r\n\r\n", 505],
  ["one large header", `GET /health HTTP/1.1\r\n${HOST}X: ${"y".repeat(17_000)}\r\n\r\n`, 431],
  ["many headers", `GET /health HTTP/1.1\r\n${HOST}${"X: y\r\n".repeat(3_000)}\r\n`, 431],
  ["headers without end", `GET /health HTTP/1.1\r\n${HOST}${"X: y\r\n".repeat(9_000)}`, 431],

  ["two lengths", `${POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`, 400],
  ["a list of lengths", `${POST}Content-Length: 2, 2\r\n\r\n{}`, 400],
  ["a signed length", `${POST}Content-Length: +2\r\n\r\n{}`, 400],
  ["a hexadecimal length", `${POST}Content-Length: 0x2\r\n\r\n{}`, 400],
  ["a length and chunks", `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`, 400],
  ["another encoding", `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ["two encodings", `${CHUNKED.slice(0, -2)}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["chunks in HTTP/1.0", `${CHUNKED.replace("HTTP/1.1", "HTTP/1.0")}0\r\n\r\n`, 400],
  ["a declared large body", `${POST}Content-Length: 16385\r\n\r\n`, 413],
  ["a large body", `${POST}Content-Length: 50000\r\n\r\n${"x".repeat(50_000)}`, 413],
  ["a body that is too long", `${POST}Content-Length: 999999999999999\r\n\r\n`, 413],

  ["no chunk size", `${CHUNKED}\r\n{}\r\n0\r\n\r\n`, 400],
  ["a chunk size that is none", `${CHUNKED}zz\r\n{}\r\n0\r\n\r\n`, 400],
  ["a negative chunk size", `${CHUNKED}-2\r\n{}\r\n0\r\n\r\n`, 400],
  ["a huge chunk size", `${CHUNKED}ffffffff\r\n{}\r\n0\r\n\r\n`, 413],
  ["a chunk size beyond all", `${CHUNKED}fffffffffffffffff\r\n{}\r\n0\r\n\r\n`, 400],
  ["a chunk that is longer than it says", `${CHUNKED}1\r\n{}\r\n0\r\n\r\n`, 400],
  ["a chunk with a bare line feed", `${CHUNKED}2\n{}\r\n0\r\n\r\n`, 400],
  ["a long chunk line", `${CHUNKED}2;${"x".repeat(300)}\r\n{}\r\n0\r\n\r\n`, 400],
  ["many trailers", `${CHUNKED}0\r\n${"X: y\r\n".repeat(99)}\r\n`, 400],
  ["many small chunks", CHUNKED + "1\r\nx\r\n".repeat(16_385), 413],
];

Deno.test("a request has the same answer in any division into parts", async () => {
  await withServer(TOKEN, async (asked) => {
    for (const [what, text, status] of REQUESTS) {
      const answer = await say(asked, text);
      assert.equal(statusOf(answer), status, `${what}: ${answer}`);
      if (status >= 400) assert.match(answer, /\{"error":"[a-z_]+","message":".+"\}$/, what);
      if (text.length > 600) continue;
      assert.equal(statusOf(await say(asked, text, { perWrite: 1 })), status, what);
    }
    assert.deepEqual(asked.under.logLines, []);
  });
});

Deno.test("a body in chunks is one body", async () => {
  await withServer(TOKEN, async (asked) => {
    const chunks = `8\r\n{"reason\r\n6;x=y\r\n":"x"}\r\n0\r\nX: y\r\n\r\n`;
    // The body is parsed, and has an unknown reason.
    assert.match(await say(asked, CHUNKED + chunks), /^HTTP\/1\.1 400 [^]*invalid_parameter/);
  });
});

Deno.test("a line between chunks has at most 256 bytes, and at most 16 headers come after them", async () => {
  await withServer(TOKEN, async (asked) => {
    const body = (extension: number, trailers: number): string =>
      `${CHUNKED}2;${"x".repeat(extension)}\r\n{}\r\n0\r\n${"X: y\r\n".repeat(trailers)}\r\n`;
    // The request is complete, and rejected because it names no dead letter.
    const isWhole = async (text: string): Promise<boolean> =>
      !(await say(asked, text)).includes("the chunks of the body are invalid");
    assert.deepEqual([await isWhole(body(254, 16)), await isWhole(body(255, 0))], [true, false]);
    assert.equal(await isWhole(body(0, 17)), false);
  });
});

Deno.test("data that is not HTTP is rejected at its first byte", async () => {
  await withServer(TOKEN, async (asked) => {
    const hello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
    for (const bytes of [hello, Uint8Array.of(0), new TextEncoder().encode("\n")]) {
      assert.equal(statusOf(await say(asked, bytes)), 400);
    }
  });
});

Deno.test("a truncated request is rejected, and a silent client gets no answer", async () => {
  await withServer(TOKEN, async (asked) => {
    for (
      const text of [
        "GET /hea",
        `GET /health HTTP/1.1\r\n${HOST}`,
        `${POST}Content-Length: 9\r\n\r\n{}`,
        `${CHUNKED}2\r\n{}\r\n`,
        `${CHUNKED}5\r\n{}`,
      ]
    ) {
      assert.equal(statusOf(await say(asked, text, { ends: true })), 400, text);
    }
    assert.equal(await say(asked, "", { ends: true }), "");
  });
});

Deno.test("of several pipelined requests the first is answered, and the connection is closed", async () => {
  await withServer(TOKEN, async (asked) => {
    for (const version of ["1.0", "1.1"]) {
      const one = `GET /health HTTP/${version}\r\n${HOST}Connection: keep-alive\r\n\r\n`;
      const answer = await say(asked, one.repeat(2_000));
      assert.equal(statusOf(answer), 200);
    }
  });
});

Deno.test("a client that asks before it sends a body gets a 100 Continue or a refusal", async () => {
  await withServer(TOKEN, async (asked) => {
    for (
      const [length, expected] of [[9, /^HTTP\/1\.1 100 Continue/], [
        20_000,
        /^HTTP\/1\.1 413/,
      ]] as const
    ) {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: asked.server.port });
      const head = `${POST}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head));
      const buffer = new Uint8Array(4_096);
      const size = await connection.read(buffer) ?? 0;
      assert.match(new TextDecoder().decode(buffer.subarray(0, size)), expected);
    }
  });
});

Deno.test("a request with an unknown host is rejected without a token, in absolute form too", async () => {
  await withServer(null, async (asked) => {
    for (
      const text of [
        "GET /metrics HTTP/1.1\r\nHost: rebound.example\r\n\r\n",
        `GET http://rebound.example/metrics HTTP/1.1\r\n${HOST}\r\n`,
      ]
    ) {
      assert.match(await say(asked, text), /^HTTP\/1\.1 403 [^]*unknown_host/);
    }
    assert.equal(statusOf(await say(asked, `GET /metrics HTTP/1.1\r\n${HOST}\r\n`)), 200);
  });
});
