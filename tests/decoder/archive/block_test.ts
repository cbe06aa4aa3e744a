import { encode, toBytes } from "@atcute/cbor";
import assert from "node:assert/strict";
import { Block, BlockError, ROW_KIND } from "../../../lib/decoder/archive/block.ts";
import { eventsOf, type RowFilter } from "../../../lib/decoder/archive/block_events.ts";
import { BlockDecoder } from "../../../lib/decoder/archive/block_frame.ts";
import { recordCid } from "../../../lib/decoder/cbor/cid.ts";
import type { Event } from "../../../lib/decoder/event.ts";
import { ZstdError } from "../../../lib/decoder/zstd/decoder.ts";
import {
  blockBody,
  concat,
  EVERYTHING,
  goBytes,
  recordRow,
  type Row,
  SCENE,
  storedFrame,
  uint,
} from "../../support/decoder_binary_samples.ts";
import { decoderOptions, DID, REV } from "../../support/decoder_samples.ts";
import { heldBytes } from "../../support/held_bytes.ts";
import { CORPUS_MISSING, corpusFile, WITHOUT_CORPUS } from "../../support/corpus.ts";

const WITNESSED = 1_787_218_201_004_512;
const TIME = "2026-08-20T09:30:00.000Z";

function eventsOfRows(rows: readonly Row[]): readonly Event[] {
  return eventsOf(new Block(blockBody(rows)), decoderOptions()).events;
}

/** All fields of a row. */
function fields(block: Block, row: number): unknown {
  return {
    seq: block.seq(row),
    witnessedAt: block.witnessedAt(row),
    indexedAt: block.indexedAt(row),
    kind: block.kind(row),
    did: block.did(row),
    collection: block.collection(row),
    rkey: block.rkey(row),
    rev: block.rev(row),
    payload: [...block.payload(row)],
  };
}

Deno.test({
  name: `the reference block decodes to its three rows${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    const block = new BlockDecoder().decode(corpusFile("segment/golden_block.bin")!);
    assert.deepEqual([0, 1, 2].map((row) => fields(block, row)), [
      {
        seq: 1,
        witnessedAt: 1_700_000_000_000_000,
        indexedAt: 0,
        kind: 1,
        did: "did:plc:abcdefghijklmnopqrstuvwx",
        collection: "app.bsky.feed.post",
        rkey: "3l3qo2vuowo2b",
        rev: "3l3qo2vutsw2b",
        payload: [0xa1, 0x65, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x05],
      },
      {
        seq: 2,
        witnessedAt: 1_700_000_001_000_000,
        indexedAt: 1_700_000_000_500_000,
        kind: 4,
        did: "did:web:example.com",
        collection: "",
        rkey: "",
        rev: "",
        payload: [],
      },
      {
        seq: 3,
        witnessedAt: 1_700_000_002_000_000,
        indexedAt: 0,
        kind: 3,
        did: "did:plc:zzzzzzzzzzzzzzzzzzzzzzzz",
        collection: "app.bsky.feed.like",
        rkey: "3l3qo2vuowo2c",
        rev: "3l3qo2vutsw2c",
        payload: [],
      },
    ]);
    const { events } = eventsOf(block, EVERYTHING);
    assert.deepEqual(events.map(({ kind }) => kind), ["commit", "malformed", "commit"]);
    assert.deepEqual(events.map((event) => event.kind === "notice" ? null : event.position), [
      { cursor: 1, timeUs: 1_700_000_000_000_000 },
      { cursor: 2, timeUs: 1_700_000_000_500_000 },
      { cursor: 3, timeUs: 1_700_000_002_000_000 },
    ]);
  },
});

Deno.test("a row of each of the seven kinds becomes its event", () => {
  const record = encode(SCENE);
  const marker = { did: DID, collection: "", rkey: "", rev: "" };
  const head = { did: DID, seq: 32, time: TIME };
  const body = (fields: Record<string, unknown>): Uint8Array => encode({ ...head, ...fields });
  const events = eventsOfRows([
    recordRow(1),
    recordRow(2, { kind: 2 }),
    recordRow(3, { kind: 3, payload: new Uint8Array() }),
    { seq: 4, kind: 4, ...marker, payload: body({ handle: "tides.example.com" }) },
    { seq: 5, kind: 5, ...marker, payload: body({ active: false, status: "deleted" }) },
    {
      seq: 6,
      kind: 6,
      ...marker,
      rev: REV,
      payload: body({ rev: REV, blocks: toBytes(new Uint8Array(60)) }),
    },
    recordRow(7, { kind: 7 }),
  ]);
  const at = (cursor: number): unknown => ({ cursor, timeUs: WITNESSED });
  const commit = (cursor: number, operation: string): unknown => ({
    kind: "commit",
    did: DID,
    collection: "app.subcult.scene",
    rkey: "scene1",
    rev: REV,
    operation,
    cid: operation === "delete" ? null : recordCid(record),
    record: operation === "delete" ? null : SCENE,
    refusal: null,
    remains: null,
    size: operation === "delete" ? 0 : 426,
    position: at(cursor),
  });
  assert.deepEqual(events, [
    commit(1, "create"),
    commit(2, "update"),
    commit(3, "delete"),
    {
      kind: "identity",
      did: DID,
      handle: "tides.example.com",
      relaySeq: 32,
      position: at(4),
    },
    {
      kind: "account",
      did: DID,
      active: false,
      status: "deleted",
      relaySeq: 32,
      position: at(5),
    },
    { kind: "sync", recordsFollow: true, did: DID, rev: REV, position: at(6) },
    commit(7, "create"),
  ]);
});

Deno.test("the imported time counts if there is one, otherwise the witnessed one", () => {
  const events = eventsOfRows([
    recordRow(1, { indexedAt: 1_600_000_000_000_001 }),
    recordRow(2),
    recordRow(3, { witnessedAt: -5 }),
    recordRow(4, { witnessedAt: 2 ** 60 }),
  ]);
  const times = events.map((event) =>
    event.kind === "commit"
      ? event.position.timeUs
      : event.kind === "malformed"
      ? event.refusal.reason
      : null
  );
  assert.deepEqual(times, [1_600_000_000_000_001, WITNESSED, "invalid_time", "invalid_time"]);
});

Deno.test("an invalid row is rejected without affecting its neighbours", () => {
  const events = eventsOfRows([
    recordRow(1),
    recordRow(2, { payload: Uint8Array.of(0xff) }),
    recordRow(3, { payload: Uint8Array.of(0x01) }),
    recordRow(4, { payload: new Uint8Array() }),
    recordRow(5, { did: "nobody" }),
    recordRow(6, { collection: "" }),
    recordRow(7, { rkey: "a/b" }),
    recordRow(8, { rev: "é" }),
    recordRow(9, { kind: 5 }),
    recordRow(10, { kind: 6, payload: encode({ did: DID }) }),
    recordRow(11, { payload: encode({ text: "\0" }) }),
    recordRow(12),
  ]);
  const outcomes = events.map((event) => {
    if (event.kind !== "commit" && event.kind !== "malformed") return event.kind;
    return `${event.kind} ${event.refusal?.reason ?? "taken"}`;
  });
  assert.deepEqual(outcomes, [
    "commit taken",
    "commit invalid_record",
    "commit invalid_record",
    "commit missing_record",
    "malformed invalid_did",
    "malformed missing_field",
    "malformed invalid_rkey",
    "malformed invalid_rev",
    "malformed missing_field",
    "malformed missing_field",
    "commit unstorable_text",
    "commit taken",
  ]);
  const fingerprints = events.flatMap((e) => e.kind === "malformed" ? [e.fingerprint] : []);
  assert.equal(new Set(fingerprints).size, fingerprints.length);
});

Deno.test("two broken rows with the same content differ by their numbers, and each is recognised again", () => {
  const rows = [recordRow(1, { did: "nobody" }), recordRow(2, { did: "nobody" })];
  const prints = (): unknown[] =>
    eventsOfRows(rows).map((event) => event.kind === "malformed" ? event.fingerprint : event);
  const [one, two] = prints();
  assert.notEqual(one, two);
  assert.deepEqual(prints(), [one, two]);
});

Deno.test("a record may hold fractions, and is otherwise strictly DAG-CBOR", () => {
  const place = encode({ $type: "app.subcult.scene", location: { lat: 52.5 } });
  const unsorted = Uint8Array.of(0xa2, 0x61, 0x62, 1, 0x61, 0x61, 2);
  const [taken, refused] = eventsOfRows([
    recordRow(1, { payload: place }),
    recordRow(2, { payload: unsorted }),
  ]);
  assert.ok(taken?.kind === "commit" && taken.refusal === null);
  assert.ok(refused?.kind === "commit" && refused.refusal?.reason === "invalid_record");
});

Deno.test("unwanted rows are not decoded: by collection, repository or range", () => {
  const body = encode({ did: "did:plc:other", seq: 1, time: TIME });
  const rows = [
    recordRow(10),
    recordRow(11, { collection: "app.bsky.feed.like" }),
    recordRow(12, { did: "did:plc:other" }),
    { seq: 13, kind: 4, did: "did:plc:other", payload: body },
    recordRow(14, { collection: "" }),
  ];
  const block = new Block(blockBody(rows));
  const sizes = rows.map((_, row) => block.payload(row).length);
  const assertMade = (filter: RowFilter, made: readonly number[], passed: number): void => {
    const found = eventsOf(block, decoderOptions(), filter);
    const cursors = found.events.map((e) => e.kind === "notice" ? null : e.position?.cursor);
    assert.deepEqual(cursors, made.map((row) => 10 + row));
    assert.equal(found.bytes, made.reduce((sum, row) => sum + sizes[row]!, 0));
    assert.equal(found.passed, passed);
  };
  assertMade({}, [0, 2, 3, 4], 1);
  assertMade({ dids: new Set([DID]) }, [0, 4], 3);
  assertMade({ first: 1, end: 4 }, [2, 3], 1);
  assertMade({ first: 1, end: 2 }, [], 1);
  assertMade({ first: 5 }, [], 0);
});

Deno.test("a collection that is not ASCII does not shift those of the other rows", () => {
  const block = new Block(blockBody([
    recordRow(1, { collection: "app.é.scene" }),
    recordRow(2, { collection: "app.subcult.post" }),
  ]));
  assert.deepEqual([block.collectionView(0), block.collectionView(1)], [
    "app.é.scene",
    "app.subcult.post",
  ]);
});

Deno.test("a block without rows is legal", () => {
  assert.equal(new Block(uint(4, 0)).length, 0);
  assert.deepEqual(eventsOfRows([]), []);
});

Deno.test("a body with columns of wrong length is rejected, whether cut or extended anywhere", () => {
  const body = blockBody([recordRow(1), recordRow(2, { kind: 3, payload: new Uint8Array() })]);
  assert.equal(new Block(body).length, 2);
  for (let length = 0; length < body.length; length++) {
    assert.throws(() => new Block(body.subarray(0, length)), BlockError, `at ${length}`);
  }
  assert.throws(() => new Block(concat(body, Uint8Array.of(0))), BlockError);
});

Deno.test("kinds outside of 1 to 7 and seqs that don't ascend are refused", () => {
  for (const kind of [0, 8, 255]) {
    assert.throws(() => new Block(blockBody([recordRow(1, { kind })])), BlockError);
  }
  for (const seqs of [[0], [2, 2], [3, 2], [2 ** 53]]) {
    assert.throws(() => new Block(blockBody(seqs.map((seq) => recordRow(seq)))), BlockError);
  }
});

Deno.test("declared rows and lengths allocate nothing", () => {
  const before = heldBytes();
  for (const n of [262_145, 2 ** 31, 2 ** 32 - 1]) {
    assert.throws(() => new Block(concat(uint(4, n), new Uint8Array(1000))), BlockError);
  }
  const body = blockBody([recordRow(1), recordRow(2)]);
  // The two lengths of the payloads.
  body.fill(0xff, 4 + 2 * 30, 4 + 2 * 34);
  assert.throws(() => new Block(body), BlockError);
  const grown = heldBytes() - before;
  assert.ok(grown < 128 * 2 ** 20, `memory grew by ${grown} bytes`);
});

Deno.test("a block of 262,144 rows is read, and one more is refused", () => {
  const bodyOf = (rows: number): Uint8Array => {
    const body = new Uint8Array(4 + 34 * rows);
    const view = new DataView(body.buffer);
    view.setUint32(0, rows, true);
    for (let row = 0; row < rows; row++) view.setBigUint64(4 + 8 * row, BigInt(row + 1), true);
    body.fill(ROW_KIND.create, 4 + 24 * rows, 4 + 25 * rows);
    return body;
  };
  assert.equal(new Block(bodyOf(262_144)).length, 262_144);
  assert.throws(() => new Block(bodyOf(262_145)), BlockError);
});

Deno.test("a frame's block must be as long as the index says", () => {
  const decoder = new BlockDecoder();
  const body = blockBody([recordRow(1), recordRow(2)]);
  const frame = storedFrame(body);
  const entry = { bodyBytes: body.length, eventCount: 2 };
  assert.equal(decoder.decode(frame, entry).length, 2);
  assert.throws(() => decoder.decode(frame, { ...entry, bodyBytes: 9 }), /expected 9/);
  assert.throws(() => decoder.decode(frame, { ...entry, eventCount: 3 }), /2 rows, expected 3/);
  assert.throws(() => new BlockDecoder(100).decode(frame), ZstdError);
});

Deno.test({
  name: `hostile blocks end as the corpus says${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    const bytes = (name: string): Uint8Array => goBytes(corpusFile(`fuzz/${name}`)!);
    const huge = bytes("FuzzDecodeBlock/huge_event_count");
    assert.deepEqual([...huge], [0xff, 0xff, 0xff, 0xff, 0]);
    assert.throws(() => new Block(huge), BlockError);
    assert.equal(new Block(bytes("FuzzDecodeBlock/zero_event_count")).length, 0);
    const magic = bytes("FuzzDecodeBlockFromCompressed/bare_zstd_magic");
    assert.deepEqual([...magic], [0x28, 0xb5, 0x2f, 0xfd]);
    assert.throws(() => new BlockDecoder().decode(magic), ZstdError);
  },
});
