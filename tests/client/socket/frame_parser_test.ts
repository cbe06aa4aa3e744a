import assert from "node:assert/strict";
import type { Control } from "../../../lib/client/socket/control_frame.ts";
import { FrameParser } from "../../../lib/client/socket/frame_parser.ts";
import { concat, encodeFrame, OPCODE } from "../../support/jetstream/websocket_server.ts";

type Item = string | Uint8Array | Control;

/** Feeds bytes in parts of the given sizes, repeatedly, and collects the messages. */
function parse(bytes: Uint8Array, pieces: readonly number[], maxMessageBytes = 1 << 20): Item[] {
  const parser = new FrameParser(maxMessageBytes);
  const items: Item[] = [];
  let turn = 0;
  for (let at = 0; at < bytes.length;) {
    const room = parser.room();
    assert.ok(room.length > 0);
    const piece = bytes.subarray(
      at,
      at + Math.min(pieces[turn++ % pieces.length] ?? 1, room.length),
    );
    room.set(piece);
    parser.filled(piece.length);
    at += piece.length;
    for (let item = parser.next(); item !== null; item = parser.next()) items.push(item);
  }
  return items;
}

function frames(...texts: string[]): Uint8Array {
  return concat(texts.map((text) => encodeFrame(OPCODE.text, text)));
}

const PIECES = [[1], [2], [3, 1], [7, 64], [125, 126, 127], [4096], [1 << 20]];

Deno.test("messages of every length of header come out whole, however the bytes are cut", () => {
  const texts = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].map((length) => "x".repeat(length));
  for (const pieces of PIECES) assert.deepEqual(parse(frames(...texts), pieces), texts);
});

Deno.test("text beyond ASCII and a replacement character that was really sent survive", () => {
  const texts = ["Zoë 🎷", "\ufeffmark", "\ufffd", '{"a":"\\u0000"}'];
  for (const pieces of PIECES) assert.deepEqual(parse(frames(...texts), pieces), texts);
});

Deno.test("text that is not UTF-8 comes as bytes, and the next message is not lost", () => {
  const wrong = new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]);
  const bytes = concat([encodeFrame(OPCODE.text, wrong), frames("next")]);
  assert.deepEqual(parse(bytes, [1]), [wrong, "next"]);
});

Deno.test("a message in parts is joined, with pings between its parts", () => {
  const bytes = concat([
    encodeFrame(OPCODE.text, "one ", false),
    encodeFrame(OPCODE.ping, "are you there"),
    encodeFrame(OPCODE.continuation, "", false),
    encodeFrame(OPCODE.continuation, "two", true),
    frames("three"),
  ]);
  for (const pieces of PIECES) {
    const ping = { kind: "ping", payload: new TextEncoder().encode("are you there") };
    assert.deepEqual(parse(bytes, pieces), [ping, "one two", "three"]);
  }
});

Deno.test("binary messages do not share memory with the buffer they came in", () => {
  const parser = new FrameParser(1000);
  const take = (byte: number): Item | null => {
    const frame = encodeFrame(OPCODE.binary, new Uint8Array(8).fill(byte));
    parser.room().set(frame);
    parser.filled(frame.length);
    return parser.next();
  };
  const first = take(1);
  take(2);
  assert.deepEqual(first, new Uint8Array(8).fill(1));
});

Deno.test("a message above the limit is skipped and reported, and the next one is delivered", () => {
  const bytes = concat([
    frames("a", "x".repeat(1001), "b"),
    encodeFrame(OPCODE.text, "y".repeat(900), false),
    encodeFrame(OPCODE.ping, ""),
    encodeFrame(OPCODE.continuation, "y".repeat(200), false),
    encodeFrame(OPCODE.continuation, "y".repeat(5), true),
    frames("z".repeat(1000)),
  ]);
  for (const pieces of PIECES) {
    assert.deepEqual(parse(bytes, pieces, 1000), [
      "a",
      { kind: "too_large", bytes: 1001 },
      "b",
      { kind: "ping", payload: new Uint8Array(0) },
      { kind: "too_large", bytes: 1105 },
      "z".repeat(1000),
    ]);
  }
});

Deno.test("memory grows with the received bytes, not with the declared length", () => {
  const parser = new FrameParser(1 << 30);
  const header = encodeFrame(OPCODE.binary, new Uint8Array(70_000)).slice(0, 10);
  new DataView(header.buffer).setBigUint64(2, BigInt(1 << 30));
  parser.room().set(header);
  parser.filled(header.length);
  assert.equal(parser.next(), null);
  assert.ok(parser.room().length <= 64 * 1024);
});

Deno.test("a close frame has code and reason, or that it has none", () => {
  const reason = concat([new Uint8Array([0x03, 0xe9]), new TextEncoder().encode("bye")]);
  assert.deepEqual(parse(encodeFrame(OPCODE.close, reason), [1]), [
    { kind: "close", code: 1001, reason: "bye" },
  ]);
  assert.deepEqual(parse(encodeFrame(OPCODE.close, ""), [1]), [
    { kind: "close", code: 1005, reason: "" },
  ]);
});

Deno.test("what the protocol does not allow is refused", () => {
  const long = encodeFrame(OPCODE.ping, "x".repeat(126));
  const absurd = new Uint8Array([0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0]);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array([0xc1, 0]), /reserved bits/],
    [new Uint8Array([0x81, 0x80, 0, 0, 0, 0]), /masked/],
    [new Uint8Array([0x83, 0]), /unknown type 3/],
    [new Uint8Array([0x8b, 0]), /unknown type 11/],
    [encodeFrame(OPCODE.ping, "", false), /control frame/],
    [long, /control frame/],
    [absurd, /bytes, expected at most/],
    [new Uint8Array([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]), /more than 268435456 bytes/],
    [encodeFrame(OPCODE.continuation, "x"), /sequence/],
    [concat([encodeFrame(OPCODE.text, "x", false), frames("y")]), /sequence/],
  ];
  for (const [bytes, message] of cases) assert.throws(() => parse(bytes, [1]), message);
});
