/**
 * Mutated messages through the frame decoders. `FUZZ_SEED` repeats a run, `FUZZ_SECONDS` lengthens
 * it; without them each decoder gets a new seed, printed, and a second.
 */

import { encode } from "@atcute/cbor";
import assert from "node:assert/strict";
import { FrameParser } from "../../lib/client/socket/frame_parser.ts";
import { isDid, isNsid, isRev, isRkey } from "../../lib/decoder/address.ts";
import type { Decoder } from "../../lib/decoder/wire/decoder.ts";
import type { Message } from "../../lib/decoder/raw_message.ts";
import type { Event } from "../../lib/decoder/event.ts";
import { DEFAULT_LIMITS, measureRecord } from "../../lib/decoder/limits.ts";
import { isReason } from "../../lib/reason.ts";
import { concat, encodeFrame, OPCODE } from "../support/jetstream/websocket_server.ts";
import { isAlwaysSlow } from "../support/always_slow.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { commitMessage, commitText, DID, v1, v2, v2Text } from "../support/decoder_samples.ts";
import { corpusLines } from "../support/corpus.ts";

const SECONDS = Number(Deno.env.get("FUZZ_SECONDS") ?? "1");
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? Math.floor(Math.random() * 2 ** 32));
const WANTED = ["app.subcult.*", "app.bsky.feed.post", "app.bsky.actor.*"];

/** Gives whole numbers from 0 up to `n`. */
type Random = (n: number) => number;

function randomBelow(seed: number): Random {
  const next = seededRandom(seed);
  return (n) => Math.floor(next() * n);
}

const WORDS = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "-1",
  "1e999",
  "9007199254740993",
  "\\u0000",
  "\\ud800",
  "\u0000",
  "\ud800",
  '"__proto__":',
  '"constructor":{"prototype":1},',
  '"kind":"commit",',
  '"collection":"app.subcult.scene",',
  "delete",
  "é",
  "[".repeat(5000),
  '{"a":'.repeat(500),
  "x".repeat(3000),
];

function mutateText(text: string, other: string, random: Random): string {
  const at = random(text.length + 1);
  const length = random(24);
  switch (random(6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + (WORDS[random(WORDS.length)] ?? "") + text.slice(at);
    case 2:
      return text.slice(0, at) + String.fromCharCode(random(random(2) ? 128 : 65536)) +
        text.slice(at + 1);
    case 3:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at);
    case 4:
      return text.slice(0, at) + other.slice(random(other.length));
    default:
      return text.slice(0, at);
  }
}

function mutateBytes(
  bytes: Uint8Array,
  other: Uint8Array,
  random: Random,
): Uint8Array {
  const at = random(bytes.length + 1);
  const head = bytes.subarray(0, at);
  switch (random(5)) {
    case 0:
      return Uint8Array.from([...head, ...bytes.subarray(at + random(24))]);
    case 1:
      return Uint8Array.from([...head, random(256), ...bytes.subarray(at + 1)]);
    case 2:
      return Uint8Array.from([...head, random(256), random(256), ...bytes.subarray(at)]);
    case 3:
      return Uint8Array.from([...head, ...other.subarray(random(other.length))]);
    default:
      return Uint8Array.from(head);
  }
}

/** Asserts everything that later stages rely on, for any input. */
function assertSound(event: Event): void {
  const text = JSON.stringify(event);
  assert.ok(text.isWellFormed());
  if ("position" in event && event.position !== null) {
    assert.ok(Number.isSafeInteger(event.position.cursor) && event.position.cursor >= 0);
    assert.ok(Number.isSafeInteger(event.position.timeUs) && event.position.timeUs >= 0);
  }
  if (event.kind === "commit") {
    assert.ok(isDid(event.did) && isNsid(event.collection));
    assert.ok(isRkey(event.rkey) && isRev(event.rev));
    const taken = event.operation !== "delete" && event.refusal === null;
    assert.equal(event.record !== null, taken);
    if (event.record !== null) {
      const measured = measureRecord(event.record, 1e9, DEFAULT_LIMITS, true);
      assert.deepEqual(measured, { refusal: null, bytes: event.size });
    }
  } else if (event.kind === "malformed") {
    assert.match(event.fingerprint, /^[0-9a-f]{64}$/);
    assert.ok(event.excerpt.length <= 2048 && !/[\p{Cc}\p{Cs}]/u.test(event.excerpt));
  } else if (event.kind === "identity" || event.kind === "account" || event.kind === "sync") {
    assert.ok(isDid(event.did));
  }
  if ("refusal" in event && event.refusal !== null) assert.ok(isReason(event.refusal.reason));
}

/** If a key is written twice, the parser takes the last, and the prefilter the first. */
function hasKeyTwice(message: Message): boolean {
  try {
    return JSON.stringify(JSON.parse(String(message))).length < message.length;
  } catch {
    return false;
  }
}

function assertDecodes(decoder: Decoder, message: Message): void {
  let events: readonly Event[] = [];
  const decode = (): unknown => events = decoder.decode(message);
  assert.ok(!isAlwaysSlow(decode, 2000), "a message takes over two seconds");
  assert.ok(events.length >= 1);
  events.forEach(assertSound);
  const foreign = decoder.isForeign(message);
  if (typeof message === "string") assertSkipsAlike(decoder, message, foreign);
  if (!foreign || hasKeyTwice(message)) return;
  const position = decoder.positionOf(message);
  for (const event of events) {
    assert.ok(
      // A message that is invalid after its collection, which the prefilter does not check.
      event.kind === "foreign" || event.kind === "malformed" && !isJson(message),
      "a wanted commit was passed over",
    );
    if (event.kind === "foreign") assert.deepEqual(position, event.position);
  }
}

function isJson(message: Message): boolean {
  try {
    JSON.parse(String(message));
    return true;
  } catch {
    return false;
  }
}

/** In the buffer of a socket, between other messages, the same is skipped and the rest delivered. */
function assertSkipsAlike(decoder: Decoder, message: string, foreign: boolean): void {
  const parser = new FrameParser(DEFAULT_LIMITS.messageBytes);
  const text = message.toWellFormed();
  const frames = concat([text, "{}", text].map((each) => encodeFrame(OPCODE.text, each)));
  const delivered: unknown[] = [];
  let skipped = 0;
  for (let at = 0; at < frames.length;) {
    const room = parser.room();
    const part = frames.subarray(at, at + room.length);
    room.set(part);
    parser.filled(part.length);
    at += part.length;
    let item = parser.next(decoder.isForeignText);
    for (; item !== null; item = parser.next(decoder.isForeignText)) delivered.push(item);
    const read = parser.takeSkipped();
    skipped += read?.count ?? 0;
    if (read !== null) assert.deepEqual(decoder.positionOf(read.last), decoder.positionOf(text));
  }
  assert.equal(skipped, foreign ? 2 : 0);
  assert.deepEqual(delivered, foreign ? ["{}"] : [text, "{}", text]);
}

function pick<T>(list: readonly T[], random: Random): T {
  const item = list[random(list.length)];
  if (item === undefined) throw new RangeError("cannot pick from an empty list");
  return item;
}

/** Piles mutations on each seed message, so that some stay close to well-formed and some don't. */
function fuzz<M extends Message>(
  name: string,
  decoder: Decoder,
  seeds: readonly M[],
  mutate: (message: M, other: M, random: Random) => M,
): void {
  const random = randomBelow(SEED);
  const end = performance.now() + SECONDS * 1000;
  let runs = 0;
  while (performance.now() < end) {
    const other = pick(seeds, random);
    let message = pick(seeds, random);
    for (let depth = 0; depth <= random(4); depth++) message = mutate(message, other, random);
    try {
      assertDecodes(decoder, message);
    } catch (error) {
      const shown = JSON.stringify(typeof message === "string" ? message : [...message]);
      throw new Error(`FUZZ_SEED=${SEED} run ${runs}: ${shown.slice(0, 4000)}`, { cause: error });
    }
    runs++;
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${name}: ${runs} messages, FUZZ_SEED=${SEED}\n`));
}

const SAMPLES: readonly string[] = [
  commitText(),
  commitText({ operation: "delete", record: undefined, cid: undefined }, { cursor: 42 }),
  commitText({ collection: "app.bsky.feed.like" }, { cursor: 42 }),
  JSON.stringify({
    did: DID,
    time_us: 5,
    kind: "identity",
    identity: { did: DID, handle: "a.example", seq: 1 },
  }),
  JSON.stringify({
    did: DID,
    time_us: 5,
    kind: "account",
    account: { did: DID, active: true, seq: 2 },
  }),
  ...corpusLines() ?? [],
];

/** A v1 message in v2's envelope. */
function asV2(line: string, i: number): string {
  const { did, commit, identity, account } = JSON.parse(line);
  const head = { seq: i + 1, did, time: "2026-08-20T09:30:01.004512Z" };
  if (commit !== undefined) {
    const { rev, operation, collection, rkey, cid, record } = commit;
    return v2Text("commit", { ...head, rev, operation, collection, rkey, cid, record });
  }
  return identity === undefined
    ? v2Text("account", { ...head, account })
    : v2Text("identity", { ...head, identity });
}

Deno.test("no mutated v1 text makes the decoder throw, hang or give an unsound event", () => {
  fuzz("v1 text", v1({ wanted: WANTED }), SAMPLES, mutateText);
});

Deno.test("no mutated v1 CBOR makes the decoder throw, hang or give an unsound event", () => {
  const link = { $link: "bafyreiehcqtbvgiylctuy52xv6culfvs6oyesffav7mslwoqb3qgqkpbvi" };
  const seeds = [
    ...SAMPLES.map((line) => JSON.parse(line)),
    commitMessage({ record: { a: [link] } }),
  ];
  fuzz("v1 CBOR", v1({ wanted: WANTED }), seeds.map((value) => encode(value)), mutateBytes);
});

Deno.test("no mutated v2 text makes the decoder throw, hang or give an unsound event", () => {
  const seeds = [
    ...SAMPLES.map(asV2),
    v2Text("sync", {
      seq: 9,
      did: DID,
      time: "2026-08-20T09:30:01.004512Z",
      sync: { did: DID, rev: "r" },
    }),
    v2Text("info", { name: "OutdatedCursor" }),
    '{"$type":"error","error":"ConsumerTooSlow","message":"reconnect with cursor=5"}',
  ];
  fuzz("v2 text", v2({ wanted: WANTED }), seeds, mutateText);
});
