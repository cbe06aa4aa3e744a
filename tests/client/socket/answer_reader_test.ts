/** HTTP/1.1 answers are read by their framing, in parts of any length, within limits. */

import assert from "node:assert/strict";
import type { ByteStream } from "../../../lib/byte_stream.ts";
import { AnswerReader } from "../../../lib/client/socket/answer_reader.ts";

/** A server that sends the answer in parts of a given size, and then closes the connection. */
function sending(text: string, partLength: number): ByteStream {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return {
    read: (into) => {
      if (at === bytes.length) return Promise.resolve(null);
      const part = bytes.subarray(at, at + Math.min(partLength, into.length));
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
    write: (written) => Promise.resolve(written.length),
  };
}

async function answerOf(text: string, partLength: number): Promise<[number, string]> {
  const reader = new AnswerReader(sending(text, partLength));
  const head = await reader.head();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of reader.body(head)) parts.push(part);
  return [head.status, await new Blob(parts).text()];
}

const ANSWERS: readonly (readonly [rule: string, answer: string, status: number, body: string])[] =
  [
    ["of a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more", 200, "hello"],
    ["of no length", "HTTP/1.1 200 OK\r\n\r\nuntil it closes", 200, "until it closes"],
    ["without a body", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404, ""],
    [
      "in chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nB;a=b\r\n, the rest.\r\n0\r\nX: y\r\n\r\n",
      200,
      "hello, the rest.",
    ],
    [
      "behind interim ones",
      "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      200,
      "ok",
    ],
  ];

for (const [rule, answer, status, body] of ANSWERS) {
  Deno.test(`an answer ${rule} is read whole, in parts of any length`, async () => {
    for (const partLength of [1, 2, 3, 7, 100_000]) {
      assert.deepEqual(await answerOf(answer, partLength), [status, body], String(partLength));
    }
  });
}

Deno.test("a head has at most 16 KiB, and at most 16 headers come behind a body", async () => {
  const head = (length: number): string =>
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ".padEnd(length - 4, "x") + "\r\n\r\n";
  const trailers = (count: number): string =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${"X: y\r\n".repeat(count)}\r\n`;
  for (const answer of [head(16_384), trailers(16)]) {
    assert.deepEqual(await answerOf(answer, 7), [200, ""]);
  }
  await assert.rejects(answerOf(head(16_385), 7), /no end of the answer/);
  await assert.rejects(answerOf(trailers(17), 7), /no end of the headers behind the body/);
});

const BROKEN: readonly (readonly [rule: string, answer: string, message: RegExp])[] = [
  ["is not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", /not HTTP\/1\.1/],
  ["has no end of its head", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}`, /no end of the answer/],
  ["ends in its head", "HTTP/1.1 200 OK\r\nConte", /closed the connection/],
  [
    "is shorter than it says",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    /got 5 of 9 bytes/,
  ],
  [
    "says two lengths",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    /content-length/,
  ],
  [
    "is coded in another way",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
    /transfer coding/,
  ],
  [
    "has a chunk without a size",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    /size/,
  ],
  [
    "has a chunk longer than its size",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    /longer/,
  ],
  [
    "ends between chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
    /closed/,
  ],
  [
    "never ends behind its body",
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${"X: y\r\n".repeat(99)}`,
    /headers behind the body/,
  ],
];

for (const [rule, answer, message] of BROKEN) {
  Deno.test(`an answer that ${rule} is an error`, async () => {
    for (const partLength of [1, 100_000]) {
      await assert.rejects(answerOf(answer, partLength), message, String(partLength));
    }
  });
}

Deno.test("bytes after an upgrade are left to the next protocol", async () => {
  const reader = new AnswerReader(sending("HTTP/1.1 101 Switching Protocols\r\n\r\nframes", 100));
  assert.equal((await reader.head()).status, 101);
  assert.equal(new TextDecoder().decode(reader.rest()), "frames");
});
