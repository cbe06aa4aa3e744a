import { encode, toBytes } from "@atcute/cbor";
import assert from "node:assert/strict";
import {
  CID,
  commitMessage,
  commitText,
  DID,
  only,
  onlyCommit,
  onlyMalformed,
  reasonOf,
  REV,
  TIME_US,
  v1,
} from "../../support/decoder_samples.ts";
import { heldBytes } from "../../support/held_bytes.ts";

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

Deno.test("C-01 C-04 a CBOR frame gives the same commit as its JSON", () => {
  assert.deepEqual(only(v1(), encode(commitMessage())), only(v1(), commitText()));
});

Deno.test("C-02 FC-09 an empty binary frame is refused as invalid CBOR", () => {
  assert.equal(reasonOf(v1(), new Uint8Array()), "invalid_cbor");
});

Deno.test("C-03 C-20 malformed bytes are refused as invalid CBOR", () => {
  const whole = encode(commitMessage());
  for (
    const message of [
      bytes(0xff, 0xff, 0xff, 0xff),
      whole.subarray(0, -1),
      Uint8Array.from([...whole, 0]),
      bytes(0xa2, 0x61, 0x62, 1, 0x61, 0x61, 2), // Keys out of order.
      bytes(0xa2, 0x61, 0x61, 1, 0x61, 0x61, 2), // A key twice.
      bytes(0xbf, 0xff), // Of indefinite length.
      bytes(0xa1, 0x61, 0x61, 0x18, 1), // An integer longer than it must be.
      bytes(0xa1, 0x61, 0x61, 0xf7), // undefined
      bytes(0xa1, 0x61, 0x61, 0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0), // NaN
      bytes(0xa1, 0x61, 0x61, 0xc1, 1), // A tag that is not 42.
      bytes(0x9b, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), // An array of 2^48 items.
      bytes(0x5b, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), // As many bytes.
      bytes(0xa1, 0x61, 0x61, 0xd8, 0x2a, 0x43, 0, 1, 2), // A link that is no CID.
    ]
  ) assert.equal(reasonOf(v1(), message), "invalid_cbor", message.toString());
});

Deno.test("C-03 text in a binary frame that is not UTF-8 is refused", () => {
  assert.equal(reasonOf(v1(), bytes(0xa1, 0x61, 0x61, 0x62, 0xc3, 0x28)), "invalid_cbor");
  assert.equal(reasonOf(v1(), bytes(0xa1, 0x61, 0x61, 0x63, 0xed, 0xa0, 0x80)), "invalid_cbor");
  const json = new TextEncoder().encode(commitText());
  json[json.length - 20] = 0xff;
  assert.equal(reasonOf(v1(), json), "invalid_json");
});

Deno.test("C-19 CBOR that is no map is not a message", () => {
  for (const value of [1, "text", null, true, [], [{ kind: "commit" }]]) {
    assert.equal(reasonOf(v1(), encode(value)), "invalid_frame");
  }
});

Deno.test("C-05 C-06 a CBOR commit without DID or collection is missing a field", () => {
  const { did: _did, ...without } = commitMessage();
  assert.equal(reasonOf(v1(), encode(without)), "missing_field");
  assert.equal(reasonOf(v1(), encode(commitMessage({ collection: "" }))), "missing_field");
});

Deno.test("the older shape with the DID inside the commit is read", () => {
  const { did: _did, ...without } = commitMessage({ did: DID });
  assert.equal(onlyCommit(v1(), encode(without)).did, DID);
  assert.equal(onlyCommit(v1(), encode(commitMessage({ did: DID }))).did, DID);
  const other = commitMessage({ did: "did:plc:someoneelse" });
  assert.equal(reasonOf(v1(), encode(other)), "invalid_did");
});

Deno.test("C-17 T16 links and bytes become AT Protocol's JSON, at every depth", () => {
  const link = { $link: CID };
  const record = {
    image: { ref: link, raw: toBytes(bytes(1, 2, 3, 4)) },
    links: [link, [link]],
    empty: toBytes(bytes()),
  };
  assert.deepEqual(onlyCommit(v1(), encode(commitMessage({ record, cid: link }))).record, {
    image: { ref: link, raw: { $bytes: "AQIDBA" } },
    links: [link, [link]],
    empty: { $bytes: "" },
  });
  assert.equal(onlyCommit(v1(), encode(commitMessage({ cid: link }))).cid, CID);
});

Deno.test("C-17 strings, numbers, maps and arrays survive, fractions included", () => {
  const record = {
    text: "Grüße 💦",
    numbers: [0, -1, 23, 24, 255, 65536, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1.5],
    nothing: null,
    flags: [true, false],
    map: { a: {}, b: [] },
  };
  assert.deepEqual(onlyCommit(v1(), encode(commitMessage({ record }))).record, record);
});

Deno.test("a CBOR key named __proto__ is only a key, also with a link in it", () => {
  const plain = encode(commitMessage({ record: { xxproto__: { $link: CID } } }));
  const at = new TextDecoder("latin1").decode(plain).indexOf("xxproto__");
  plain.set(new TextEncoder().encode("__proto__"), at);
  const { record } = onlyCommit(v1(), plain);
  assert.ok(record !== null);
  assert.equal(Object.getPrototypeOf(record), Object.prototype);
  assert.deepEqual(Object.entries(record), [["__proto__", { $link: CID }]]);
});

Deno.test("C-11 FC-05 a CBOR delete has no record", () => {
  const { record: _record, cid: _cid, ...commit } = commitMessage().commit as Record<
    string,
    unknown
  >;
  const message = { ...commitMessage(), commit: { ...commit, operation: "delete" } };
  assert.equal(onlyCommit(v1(), encode(message)).record, null);
});

Deno.test("C-13 a CBOR identity or account message is that event", () => {
  const message = {
    did: DID,
    time_us: TIME_US,
    kind: "account",
    account: { active: true, did: DID },
  };
  assert.deepEqual(only(v1(), encode(message)), only(v1(), JSON.stringify(message)));
});

Deno.test("C-16 a CBOR record that is no map is refused, and its address is kept", () => {
  assert.equal(
    onlyCommit(v1(), encode(commitMessage({ record: "x" }))).refusal?.reason,
    "invalid_record",
  );
  assert.equal(
    onlyCommit(v1(), encode(commitMessage({ record: null }))).refusal?.reason,
    "missing_record",
  );
});

Deno.test("a record nested 10,000 deep is refused in CBOR too, and overflows nothing", () => {
  const [head, tail] = ["deep-before", "deep-after"];
  const frame = encode(commitMessage({ record: { a: head + tail } }));
  const at = new TextDecoder("latin1").decode(frame).indexOf(head);
  // The text of 21 characters has a head of one byte; an array nested 10,000 deep takes its place.
  const nested = new Uint8Array(10_000).fill(0x81);
  nested[nested.length - 1] = 0x80;
  const deep = new Uint8Array(frame.length - (head + tail).length - 1 + nested.length);
  deep.set(frame.subarray(0, at - 1));
  deep.set(nested, at - 1);
  deep.set(frame.subarray(at + (head + tail).length), at - 1 + nested.length);
  const commit = onlyCommit(v1(), deep);
  assert.equal(commit.refusal?.reason, "record_too_deep");
  assert.equal(commit.rev, REV);
});

Deno.test("nested arrays that declare more items than remain are rejected before any is allocated", () => {
  // 10,000 headers of 60,000 items each: 5 GB if they were believed.
  const message = Uint8Array.from({ length: 90_000 }, (_, i) => [0x99, 0xea, 0x60][i % 3] ?? 0);
  message.set([0x80], message.length - 1);
  const before = heldBytes();
  assert.equal(reasonOf(v1(), message), "invalid_cbor");
  assert.ok(heldBytes() - before < 100_000_000);
});

Deno.test("U+0000 in a CBOR text is refused", () => {
  for (const record of [{ name: "a\u0000b" }, { "a\u0000b": 1 }]) {
    const { refusal } = onlyCommit(v1(), encode(commitMessage({ record })));
    assert.equal(refusal?.reason, "unstorable_text");
  }
});

Deno.test("bytes that hold JSON, as decompressing leaves them, are read as JSON", () => {
  const text = commitText({}, { cursor: 7 });
  assert.deepEqual(only(v1(), new TextEncoder().encode(text)), only(v1(), text));
});

Deno.test("of undecodable bytes only their number is kept", () => {
  const { excerpt } = onlyMalformed(
    v1(),
    new TextEncoder().encode("\uffff52.5200,13.4050 u33dc0x"),
  );
  assert.equal(excerpt, "26 bytes");
});
