import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  DEFAULT_LIMITS,
  LOST_DIGITS,
  measureRecord,
  messageRefusal,
} from "../../lib/decoder/limits.ts";
import type { JsonObject } from "../../lib/decoder/json.ts";
import {
  commitText,
  DID,
  onlyCommit,
  onlyMalformed,
  reasonOf,
  v1,
} from "../support/decoder_samples.ts";

/** The commit's text with `{}` as its record, and then with the text of another. */
function withRecord(record: string): string {
  return commitText({ record: {} }).replace('"record":{}', () => `"record":${record}`);
}

function refusalOf(record: string): string | undefined {
  return onlyCommit(v1(), withRecord(record)).refusal?.reason;
}

Deno.test("a record nested 10,000 deep is rejected with its address, and overflows no stack", () => {
  const arrays = `{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
  const objects = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
  const mixed = `${'{"a":['.repeat(5_000)}${"]}".repeat(5_000)}`;
  for (const record of [arrays, objects, mixed]) {
    const commit = onlyCommit(v1(), withRecord(record));
    assert.equal(commit.refusal?.reason, "record_too_deep");
    assert.deepEqual([commit.record, commit.remains], [null, null]);
  }
});

Deno.test("a message of a million brackets overflows no stack", () => {
  assert.equal(reasonOf(v1(), "[".repeat(1_000_000)), "invalid_json");
  assert.equal(reasonOf(v1(), "[".repeat(1_000_000) + "]".repeat(1_000_000)), "invalid_frame");
  const beside = commitText({}, { beside: [] }).replace(
    "[]",
    "[".repeat(99_999) + "]".repeat(99_999),
  );
  assert.equal(reasonOf(v1(), beside), "taken");
});

Deno.test("depth is counted in objects and arrays, the record first, up to 64", () => {
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  assert.equal(refusalOf(nested(64)), undefined);
  assert.equal(refusalOf(nested(65)), "record_too_deep");
});

Deno.test("a record has at most a megabyte of JSON, whatever the wire's form", () => {
  const room = DEFAULT_LIMITS.recordBytes - '{"text":""}'.length;
  assert.equal(refusalOf(JSON.stringify({ text: "x".repeat(room) })), undefined);
  assert.equal(refusalOf(JSON.stringify({ text: "x".repeat(room + 1) })), "record_too_large");
  // Bytes count, not characters; and not the escapes or spaces that the wire was written with.
  assert.equal(refusalOf(JSON.stringify({ text: "é".repeat(room / 2 + 1) })), "record_too_large");
  assert.equal(refusalOf(`{"text":"${"\\u0078".repeat(room)}"}`), undefined);
  assert.equal(refusalOf(`{"text":"x"${" ".repeat(2 * room)}}`), undefined);
  assert.equal(refusalOf(JSON.stringify({ text: "x".repeat(5_000_000) })), "record_too_large");
});

Deno.test("a record that grows above the limit when decoded is measured", () => {
  const limits = { ...DEFAULT_LIMITS, recordBytes: 4_000 };
  const numbers = `{"n":[${Array.from({ length: 300 }, () => "1e15").join(",")}]}`;
  const record = JSON.parse(numbers) as JsonObject;
  assert.ok(numbers.length < limits.recordBytes);
  const reason = (record: JsonObject, wireBytes: number): string | undefined =>
    measureRecord(record, wireBytes, limits, true).refusal?.reason;
  assert.equal(reason(record, numbers.length), "record_too_large");
  // The values that grow most from CBOR: a byte of text becomes six of JSON, and so does a boolean.
  for (const grown of [{ text: "\u0001".repeat(700) }, { list: Array(700).fill(false) }]) {
    assert.equal(reason(grown, 720), "record_too_large");
  }
});

Deno.test("a record has at most 100,000 values", () => {
  const list = (length: number): string => JSON.stringify({ a: new Array(length).fill(0) });
  assert.equal(refusalOf(list(99_998)), undefined);
  assert.equal(refusalOf(list(99_999)), "record_too_large");
});

Deno.test("T14 text that Postgres can't store is refused, in values and in keys, at every depth", () => {
  for (const bad of ["\\u0000", "\\ud800", "\\udc00", "\\udc00\\ud800", "x\\ud83dx"]) {
    for (
      const record of [
        `{"name":"a${bad}b"}`,
        `{"a${bad}b":1}`,
        `{"a":[[{"b":["${bad}"]}]]}`,
        `{"a":{"${bad}":{}}}`,
      ]
    ) assert.equal(refusalOf(record), "unstorable_text", record);
  }
  assert.equal(refusalOf('{"name":"\\ud83d\\udca6 \\u0001 \\uffff \\ufffd"}'), undefined);
});

Deno.test("T14 numbers that JavaScript would round are kept as the text of their digits", () => {
  for (
    const number of [
      "9007199254740992",
      "9007199254740993",
      "-9007199254740993",
      "123456789012345678901234567890",
      "1e999",
      "-1e999",
    ]
  ) {
    const { record } = onlyCommit(v1(), withRecord(`{"a":[${number},1.5]}`));
    assert.deepEqual(record, { a: [number, 1.5] });
  }
  for (const number of [9007199254740991, -9007199254740991, 1.5, 1e-9, 1e15, 1e300]) {
    const { record } = onlyCommit(v1(), withRecord(`{"a":[${number}]}`));
    assert.deepEqual(record, { a: [number] });
  }
  assert.equal(measureRecord({ a: NaN }, 9, DEFAULT_LIMITS, false).refusal, LOST_DIGITS);
});

Deno.test("a record with a number that would be rounded is rejected if its message is too deep to be read again", () => {
  const deep = 200_000;
  const { did, ...rest } = JSON.parse(withRecord('{"a":9007199254740993}'));
  const text = JSON.stringify({ did, ...rest, more: "DEEP" })
    .replace('"DEEP"', "[".repeat(deep) + "]".repeat(deep))
    .replace("9007199254740992", "9007199254740993");
  assert.equal(onlyCommit(v1(), text).refusal?.reason, "unsafe_integer");
});

Deno.test("no text of a rejection quotes the record", () => {
  const mark = "52.5200,13.4050";
  for (const record of [`{"${mark}\\u0000":1}`, `{"a":"${mark}\\u0000"}`, `{"${mark}\\ud800":1}`]) {
    const { refusal } = onlyCommit(v1(), withRecord(record));
    assert.ok(refusal !== null);
    assert.doesNotMatch(refusal.detail, /52|13/);
  }
});

Deno.test("a record counts with the memory of its values and texts, on every protocol", () => {
  const bytes = (record: JsonObject): number => {
    const measured = measureRecord(record, 0, DEFAULT_LIMITS, true);
    return measured.refusal === null ? measured.bytes : 0;
  };
  const empty = bytes({});
  assert.ok(bytes({ text: "x".repeat(1000) }) - empty >= 1000);
  assert.ok(bytes({ ["x".repeat(1000)]: 1 }) - empty >= 1000);
  assert.ok(bytes({ list: Array(1000).fill([]) }) - empty >= 16_000);
  assert.ok(bytes({ list: Array(1000).fill(1) }) - empty >= 8_000);
});

/**
 * Records that take far more memory than their text, with the memory that V8 was measured to take for each, bytes. A
 * key that no other object has makes a hidden class of its own, and a numeric key a list up to that number.
 */
const COSTLY: readonly (readonly [what: string, item: (at: number) => string, bytes: number])[] = [
  ["empty objects", () => "{}", 68],
  ["empty lists", () => "[]", 44],
  ["objects with a key of their own", (at) => `{"k${at}":1}`, 266],
  ["objects with a number as key", () => '{"34":1}', 361],
  ["objects with a large number as key", () => '{"4000000000":1}', 226],
  ["objects with two numbers as keys", () => '{"0":1,"70":1}', 211],
];

for (const [what, item, bytes] of COSTLY) {
  Deno.test(`the memory of a record of ${what} is counted`, () => {
    const count = 10_000;
    const items = Array.from({ length: count }, (_, at) => item(at)).join();
    const record = JSON.parse(`{"note":[${items}]}`);
    const measured = measureRecord(record, 0, DEFAULT_LIMITS, true);
    assert.ok(measured.refusal === null && measured.bytes >= count * bytes);
  });
}

Deno.test("an object of many keys counts with each of them", () => {
  const count = 10_000;
  const entries = Array.from({ length: count }, (_, at) => [`k${at}`, 1]);
  const measured = measureRecord(Object.fromEntries(entries), 0, DEFAULT_LIMITS, true);
  assert.ok(measured.refusal === null && measured.bytes >= count * 74);
});

Deno.test("a message has at most 8 MiB of UTF-8, and a larger one is not parsed", () => {
  const max = DEFAULT_LIMITS.messageBytes;
  assert.equal(messageRefusal("x".repeat(max), DEFAULT_LIMITS), null);
  assert.equal(messageRefusal("é".repeat(max / 2), DEFAULT_LIMITS), null);
  assert.equal(messageRefusal(new Uint8Array(max), DEFAULT_LIMITS), null);
  for (const message of ["x".repeat(max + 1), "é".repeat(max / 2 + 1), new Uint8Array(max + 1)]) {
    const { refusal, excerpt } = onlyMalformed(v1(), message);
    assert.equal(refusal.reason, "message_too_large");
    assert.equal(excerpt, "{}");
  }
});

Deno.test("a DID of 2,048 and an rkey of 512 characters are kept, and one more is refused", () => {
  const did = `did:plc:${"a".repeat(2040)}`;
  assert.equal(reasonOf(v1(), commitText({ rkey: "k".repeat(512) }, { did })), "taken");
  assert.equal(reasonOf(v1(), commitText({}, { did: `${did}a` })), "invalid_did");
  assert.equal(reasonOf(v1(), commitText({ rkey: "k".repeat(513) })), "invalid_rkey");
});

Deno.test("an address that no index entry could hold is refused as a whole", () => {
  const did = `did:plc:${"a".repeat(2040)}`;
  const collection = `app.subcult.${"x".repeat(50)}`;
  const rkey = "k".repeat(512);
  assert.ok(Buffer.byteLength(did + collection + rkey) > 2600);
  assert.equal(reasonOf(v1(), commitText({ collection, rkey }, { did })), "address_too_long");
  assert.equal(reasonOf(v1(), commitText({ collection, rkey }, { did: DID })), "taken");
});
