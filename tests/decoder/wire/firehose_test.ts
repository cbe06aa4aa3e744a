import { CidLinkWrapper, decode, encode, toBytes } from "@atcute/cbor";
import assert from "node:assert/strict";
import { CarError, readCar } from "../../../lib/decoder/cbor/car.ts";
import { cborEnd, CborError, checkCbor } from "../../../lib/decoder/cbor/check_cbor.ts";
import type { CborFault } from "../../../lib/decoder/cbor/check_cbor.ts";
import { cidKey, isCidOf, recordCid } from "../../../lib/decoder/cbor/cid.ts";
import type { Event } from "../../../lib/decoder/event.ts";
import { createFirehoseDecoder } from "../../../lib/decoder/wire/firehose.ts";
import { DEFAULT_LIMITS } from "../../../lib/decoder/limits.ts";
import { recordShapeRefusal } from "../../../lib/decoder/cbor/record_shape.ts";
import {
  carOf,
  commitFrame,
  concat,
  corpusFrames,
  EVERYTHING,
  firehoseFrame,
  goBytes,
  linkTo,
  SCENE,
} from "../../support/decoder_binary_samples.ts";
import { decoderOptions, DID, only, REV, v1 } from "../../support/decoder_samples.ts";
import { heldBytes } from "../../support/held_bytes.ts";
import { createV1Decoder } from "../../../lib/decoder/wire/v1.ts";
import { CORPUS_MISSING, corpusFile, corpusLines, WITHOUT_CORPUS } from "../../support/corpus.ts";

const decoder = createFirehoseDecoder(decoderOptions());
const TIME = "2026-08-20T09:30:01.004512Z";
const POSITION = { cursor: 7, timeUs: 1787218201004512 };

/** An event without its position, which differs between instances. */
function anywhere(event: Event): unknown {
  return { ...event, position: null };
}

Deno.test({
  name: `150 captured frames give exactly the 152 events of production${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    const firehose = createFirehoseDecoder(EVERYTHING);
    const text = createV1Decoder(EVERYTHING);
    const frames = corpusFrames();
    assert.equal(frames.length, 150);
    const events = frames.flatMap((frame) => firehose.decode(frame));
    const expected = corpusLines()!.map((line) => only(text, line));
    assert.equal(expected.length, 152);
    assert.deepEqual(events.map(anywhere), expected.map(anywhere));
    const cursors = frames.map((frame) => {
      const [event] = firehose.decode(frame);
      return event !== undefined && event.kind !== "notice" ? event.position?.cursor : null;
    });
    assert.deepEqual(cursors, Array.from({ length: 150 }, (_, i) => 31527015322 + i));
  },
});

Deno.test({
  name: `captured commits of nobody's collections are foreign${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    const events = corpusFrames().flatMap((frame) => decoder.decode(frame));
    assert.equal(events.filter(({ kind }) => kind === "foreign").length, 150);
    assert.deepEqual(events.map(({ kind }) => kind).filter((kind) => kind !== "foreign").sort(), [
      "account",
      "identity",
    ]);
  },
});

Deno.test({
  name: `a repository's CAR gives the records that another tool lists${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    const car = readCar(corpusFile("corpus/repo.car")!);
    assert.equal(car.blocks.size, 29);
    assert.deepEqual(car.roots.map((root) => new CidLinkWrapper(root).$link), [
      "bafyreigvlcyrux6orqe2sj3tivd3biq3o7q2sq7horqitceba5s2xjouti",
    ]);
    for (const [key, block] of car.blocks) {
      assert.ok(isCidOf(Uint8Array.from(key, (character) => character.charCodeAt(0)), block));
    }
    const records: string[] = [];
    walk(decode(car.blocks.get(cidKey(car.roots[0]!))!).data);
    const expected = new TextDecoder().decode(corpusFile("corpus/car_expected_records.tsv")!);
    assert.deepEqual(records, expected.trim().split("\n"));
    assert.equal(records.length, 23);

    /** A node of the Merkle search tree: keys ascend, and share a prefix with the one before. */
    function walk(link: CidLinkWrapper | null): void {
      if (link === null) return;
      const node = decode(car.blocks.get(cidKey(link.bytes))!);
      walk(node.l);
      let key = "";
      for (const { p, k, v, t } of node.e) {
        key = key.slice(0, p) + new TextDecoder().decode(k.buf);
        records.push(`${key}\t${recordCid(car.blocks.get(cidKey(v.bytes))!)}`);
        walk(t);
      }
    }
  },
});

Deno.test("a wanted record is read from the commit's blocks, with its CID verified", () => {
  assert.deepEqual(decoder.decode(commitFrame()), [{
    kind: "commit",
    did: DID,
    collection: "app.subcult.scene",
    rkey: "scene1",
    rev: REV,
    operation: "create",
    cid: recordCid(encode(SCENE)),
    record: SCENE,
    refusal: null,
    remains: null,
    size: 426,
    position: POSITION,
  }]);
});

Deno.test("a record of the app may hold fractions, as its places and weights do", () => {
  const record = { $type: "app.subcult.scene", location: { lat: 52.5, lng: 13.25 } };
  const [event] = decoder.decode(commitFrame({ record }));
  assert.ok(event?.kind === "commit");
  assert.deepEqual(event.record, record);
});

Deno.test("operations become events in their order, foreign ones among them", () => {
  const [one, two] = [encode(SCENE), encode({ ...SCENE, name: "Second" })];
  const frame = commitFrame({
    blocks: (blocks) => [...blocks, [linkTo(two), two]],
    body: {
      ops: [
        { action: "delete", path: "app.subcult.post/p", cid: null, prev: linkTo(one) },
        { action: "create", path: "app.bsky.feed.like/l", cid: linkTo(two) },
        { action: "update", path: "app.subcult.scene/s", cid: linkTo(two), prev: linkTo(one) },
        { action: "create", path: "app.subcult.scene/t", cid: linkTo(one) },
      ],
    },
  });
  const events = decoder.decode(frame).map((event) =>
    event.kind === "commit"
      ? [event.operation, event.rkey, event.record?.name, event.cid]
      : event.kind === "foreign"
      ? [event.kind, event.what, event.collection, event.position]
      : [event.kind]
  );
  assert.deepEqual(events, [
    ["delete", "p", undefined, null],
    ["foreign", "commit", "app.bsky.feed.like", POSITION],
    ["update", "s", "Second", recordCid(two)],
    ["create", "t", "Tide tables", recordCid(one)],
  ]);
});

/** The reasons of a frame's events, or their kinds. */
function reasonsOf(frame: Uint8Array | string): string[] {
  return decoder.decode(frame).map((event) => {
    const refusal = event.kind === "commit" || event.kind === "malformed" ? event.refusal : null;
    return `${event.kind} ${refusal?.reason ?? "taken"}`;
  });
}

/** The details of a frame's rejections. */
function detailsOf(frame: Uint8Array): string[] {
  return decoder.decode(frame).flatMap((event) =>
    (event.kind === "commit" || event.kind === "malformed") && event.refusal !== null
      ? [event.refusal.detail]
      : []
  );
}

Deno.test("the reason of a missing record is reported: too big, not in the CAR, or not named", () => {
  const gone = linkTo(encode({ gone: true }));
  const op = (cid: unknown) => ({ ops: [{ action: "create", path: "app.subcult.scene/a", cid }] });
  const tooBig = /too big to bring its records; the repository has to be fetched/;
  assert.match(detailsOf(commitFrame({ body: { ...op(gone), tooBig: true } }))[0]!, tooBig);
  assert.match(detailsOf(commitFrame({ body: { ops: [], tooBig: true } }))[0]!, tooBig);
  assert.match(detailsOf(commitFrame({ body: op(gone) }))[0]!, /CAR does not hold the record/);
  assert.match(detailsOf(commitFrame({ body: op(null) }))[0]!, /names no record/);
});

Deno.test("a record that is missing in the CAR is rejected, and its neighbours are not", () => {
  const other = encode({ $type: "app.subcult.scene", name: "elsewhere" });
  const scene = linkTo(encode(SCENE));
  const ops = [
    { action: "create", path: "app.subcult.scene/a", cid: linkTo(other) },
    { action: "create", path: "app.subcult.scene/b", cid: scene },
    { action: "create", path: "app.subcult.scene/c", cid: null },
    { action: "create", path: "app.subcult.scene/d" },
  ];
  assert.deepEqual(reasonsOf(commitFrame({ body: { ops } })), [
    "commit missing_record",
    "commit taken",
    "commit missing_record",
    "commit missing_record",
  ]);
});

Deno.test("a record that does not hash to its CID is refused", () => {
  const altered = encode({ ...SCENE, name: "Altered" });
  const frame = commitFrame({
    blocks: ([commit, record]) => [commit!, [record![0], altered]],
  });
  assert.deepEqual(reasonsOf(frame), ["commit cid_mismatch"]);
});

Deno.test("a record that is too deep, or not DAG-CBOR, is refused alone", () => {
  const of = (record: Uint8Array): string[] =>
    reasonsOf(commitFrame({
      blocks: ([commit]) => [commit!, [linkTo(record), record]],
      body: { ops: [{ action: "create", path: "app.subcult.scene/a", cid: linkTo(record) }] },
    }));
  assert.deepEqual(of(encode(nested(100))), ["commit record_too_deep"]);
  assert.deepEqual(of(Uint8Array.of(0xa1)), ["commit invalid_record"]);
  assert.deepEqual(of(Uint8Array.of(0xa0, 0xa0)), ["commit invalid_record"]);
  assert.deepEqual(of(Uint8Array.of(0x01)), ["commit invalid_record"]);
  // Keys out of order.
  assert.deepEqual(of(Uint8Array.of(0xa2, 0x61, 0x62, 1, 0x61, 0x61, 2)), [
    "commit invalid_record",
  ]);
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { a: value };
  return value;
}

Deno.test("a commit whose blocks are of another commit is malformed as a whole", () => {
  const stray = linkTo(encode({ stray: true }));
  const frames = [
    commitFrame({ signed: { did: "did:plc:somebodyelse" } }),
    commitFrame({ signed: { rev: "3mwztfqk2ws2b" } }),
    commitFrame({ body: { commit: stray } }),
    commitFrame({ body: { commit: null } }),
    commitFrame({ body: { blocks: toBytes(new Uint8Array()) } }),
    commitFrame({ body: { blocks: "text" } }),
    commitFrame({ body: { blocks: toBytes(carOf([], [])) } }),
    commitFrame({ blocks: ([, record]) => [record!] }),
    commitFrame({ blocks: ([commit, record]) => [[commit![0], record![1]], record!] }),
  ];
  for (const frame of frames) assert.deepEqual(reasonsOf(frame), ["malformed invalid_car"]);
});

Deno.test("with an altered or invalid commit object the whole commit is rejected", () => {
  const altered = encode({ did: DID, rev: REV, version: 3 });
  assert.deepEqual(
    detailsOf(commitFrame({ blocks: ([commit, record]) => [[commit![0], altered], record!] })),
    ["the commit does not hash to its CID"],
  );
  for (const object of [Uint8Array.of(0xff), encode([1]), arrayBomb(60_000)]) {
    const commit = linkTo(object);
    const blocks = toBytes(carOf([commit], [[commit, object]]));
    assert.deepEqual(detailsOf(commitFrame({ body: { commit, blocks } })), [
      "the commit is not a map of DAG-CBOR",
    ]);
  }
});

Deno.test("the blocks of a foreign commit are not read", () => {
  const ops = [{ action: "create", path: "app.bsky.feed.like/l", cid: null }];
  const frame = commitFrame({ body: { ops, blocks: toBytes(Uint8Array.of(1, 2, 3)) } });
  assert.deepEqual(reasonsOf(frame), ["foreign taken"]);
});

Deno.test("a commit that was too big gives its deletes, and which records are missing", () => {
  const scene = linkTo(encode(SCENE));
  const tooBig = { tooBig: true, blocks: toBytes(new Uint8Array()) };
  const ops = [
    { action: "delete", path: "app.subcult.scene/a", cid: null },
    { action: "create", path: "app.subcult.scene/b", cid: scene },
  ];
  assert.deepEqual(reasonsOf(commitFrame({ body: { ...tooBig, ops } })), [
    "commit taken",
    "commit missing_record",
  ]);
  // It is unknown whether it is about anything wanted, so it is not skipped.
  assert.deepEqual(reasonsOf(commitFrame({ body: { ...tooBig, ops: [] } })), [
    "malformed missing_record",
  ]);
});

Deno.test("a commit without operations is foreign, so that the cursor passes it", () => {
  assert.deepEqual(decoder.decode(commitFrame({ body: { ops: [] } })), [
    { kind: "foreign", what: "commit", collection: null, position: POSITION },
  ]);
});

Deno.test("each invalid operation is malformed, without affecting others", () => {
  const scene = linkTo(encode(SCENE));
  const ops = [
    { action: "upsert", path: "app.subcult.scene/a", cid: scene },
    { action: "create", path: "app.subcult.scene", cid: scene },
    { action: "create", path: "app.subcult.scene/a/b", cid: scene },
    { path: 5 },
    null,
    { action: "create", path: "app.subcult.scene/fine", cid: scene },
  ];
  assert.deepEqual(reasonsOf(commitFrame({ body: { ops } })), [
    "malformed unknown_operation",
    "malformed missing_field",
    "malformed invalid_rkey",
    "malformed missing_field",
    "malformed missing_field",
    "commit taken",
  ]);
  const fingerprints = decoder.decode(commitFrame({ body: { ops } }))
    .flatMap((event) => event.kind === "malformed" ? [event.fingerprint] : []);
  assert.equal(new Set(fingerprints.slice(0, 3)).size, 3);
  assert.deepEqual(reasonsOf(commitFrame({ body: { ops: "none" } })), ["malformed missing_field"]);
});

Deno.test("a commit without a usable position, DID or revision is malformed", () => {
  for (const body of [{ time: "yesterday" }, { seq: -1 }, { seq: "seven" }, { time: null }]) {
    assert.deepEqual(reasonsOf(commitFrame({ body })), ["malformed invalid_time"]);
  }
  assert.deepEqual(reasonsOf(commitFrame({ body: { repo: "nobody" } })), ["malformed invalid_car"]);
  const body = { repo: "nobody" };
  assert.deepEqual(reasonsOf(commitFrame({ body, signed: { did: "nobody" } })), [
    "malformed invalid_did",
  ]);
});

Deno.test("values with names of methods do no harm", () => {
  const methods = { toString: 1, toJSON: 1, valueOf: 1, length: -1, ["__proto__"]: 1 };
  const ops = [{ action: methods, path: "app.subcult.scene/a", cid: methods, ...methods }];
  const body = { repo: methods, rev: methods, ops, blocks: methods, ...methods };
  assert.deepEqual(reasonsOf(commitFrame({ body })), ["malformed invalid_car"]);
  assert.deepEqual(reasonsOf(commitFrame({ body: { ...body, tooBig: true } })), [
    "malformed invalid_did",
  ]);
});

Deno.test("accounts, handles and rebuilt repositories are reported, with the relay's number", () => {
  const head = { seq: 7, did: DID, time: TIME };
  const marker = (t: string, body: Record<string, unknown>): Event =>
    only(decoder, firehoseFrame({ op: 1, t }, { ...head, ...body }));
  const same = { did: DID, position: POSITION };
  assert.deepEqual(marker("#identity", { handle: "tides.example.com" }), {
    kind: "identity",
    handle: "tides.example.com",
    relaySeq: 7,
    ...same,
  });
  assert.deepEqual(marker("#identity", {}), {
    kind: "identity",
    handle: undefined,
    relaySeq: 7,
    ...same,
  });
  assert.deepEqual(marker("#account", { active: false, status: "deleted" }), {
    kind: "account",
    active: false,
    status: "deleted",
    relaySeq: 7,
    ...same,
  });
  const commit = encode({ did: DID, rev: REV, version: 3 });
  const blocks = toBytes(carOf([linkTo(commit)], [[linkTo(commit), commit]]));
  assert.deepEqual(marker("#sync", { rev: REV, blocks }), {
    kind: "sync",
    rev: REV,
    recordsFollow: false,
    ...same,
  });
  const other = marker("#sync", { rev: "3mwztfqk2ws2b", blocks });
  assert.ok(other.kind === "malformed" && other.refusal.reason === "invalid_car");
});

Deno.test("repositories that are not wanted are foreign, because no relay filters them", () => {
  const options = decoderOptions();
  const head = { seq: 7, did: DID, time: TIME };
  const identity = firehoseFrame({ op: 1, t: "#identity" }, head);
  const others = createFirehoseDecoder({ ...options, dids: new Set(["did:plc:other"]) });
  assert.deepEqual(only(others, commitFrame()).kind, "foreign");
  assert.deepEqual(only(others, identity), {
    kind: "foreign",
    what: "identity",
    collection: null,
    position: POSITION,
  });
  for (const what of ["sync", "account"]) {
    const frame = firehoseFrame({ op: 1, t: `#${what}` }, { ...head, active: false });
    assert.deepEqual(only(others, frame), {
      kind: "foreign",
      what,
      collection: null,
      position: POSITION,
    });
  }
  // Its repository is unknown, so it is not skipped as unwanted.
  assert.equal(only(others, commitFrame({ body: { repo: 7 } })).kind, "malformed");
  // A commit's repository is in `repo`, whatever other fields say.
  assert.equal(only(others, commitFrame({ body: { did: "did:plc:other" } })).kind, "foreign");
  const ours = createFirehoseDecoder({ ...options, dids: new Set([DID]) });
  assert.deepEqual([only(ours, commitFrame()).kind, only(ours, identity).kind], [
    "commit",
    "identity",
  ]);
});

Deno.test("notices, later message types and later operations are foreign; errors are failures", () => {
  const unknown = { kind: "foreign", what: "unknown", collection: null, position: POSITION };
  const head = { seq: 7, time: TIME };
  assert.deepEqual(only(decoder, firehoseFrame({ op: 1, t: "#tomorrow" }, head)), unknown);
  assert.deepEqual(only(decoder, firehoseFrame({ op: 2, t: "#commit" }, head)), unknown);
  assert.deepEqual(
    only(decoder, firehoseFrame({ op: 1, t: "#info" }, { name: "OutdatedCursor" })),
    { kind: "notice", code: "OutdatedCursor", message: null },
  );
  assert.deepEqual(
    only(decoder, firehoseFrame({ op: -1 }, { error: "FutureCursor", message: "so\nmuch" })),
    { kind: "notice", code: "FutureCursor", message: "so?much" },
  );
});

/** The same maps, each written with its keys in reverse: canonical they were before. */
function reversedKeys(item: Uint8Array): Uint8Array {
  const type = item[0]! >> 5;
  if (type !== 5) return item;
  const count = item[0]! & 31;
  assert.ok(count < 24, "expected a map of few keys");
  const parts: Uint8Array[] = [];
  let at = 1;
  const next = (): Uint8Array => {
    const part = item.subarray(at, at + cborEnd(item.subarray(at), { depthMax: 8 }));
    at += part.length;
    return part;
  };
  for (let index = 0; index < count; index++) parts.unshift(concat(next(), reversedKeys(next())));
  return concat(item.subarray(0, 1), ...parts);
}

Deno.test("a frame whose maps have their keys in another order gives the same event", () => {
  const frame = commitFrame();
  const end = cborEnd(frame, { depthMax: 8 });
  const [header, body] = [frame.subarray(0, end), frame.subarray(end)];
  const odd = [
    concat(reversedKeys(header), body),
    concat(header, reversedKeys(body)),
    concat(reversedKeys(header), reversedKeys(body)),
  ];
  const expected = decoder.decode(frame);
  assert.deepEqual(expected.map(({ kind }) => kind), ["commit"]);
  for (const bytes of odd) {
    assert.notDeepEqual(bytes, frame);
    assert.deepEqual(decoder.decode(bytes), expected);
  }
  const twice = concat(Uint8Array.of(0xa2), encode("t"), encode("#commit"), encode("t"), encode(1));
  assert.deepEqual(
    reasonsOf(concat(twice, body)),
    ["malformed invalid_cbor"],
    "a key that is there twice",
  );
});

Deno.test("C-03 bytes that are not two items of DAG-CBOR are refused as invalid CBOR", () => {
  const header = encode({ op: 1, t: "#commit" });
  const frame = commitFrame();
  const bad = [
    new Uint8Array(),
    Uint8Array.of(0xff),
    header,
    concat(frame, Uint8Array.of(0)),
    frame.subarray(0, frame.length - 1),
    concat(Uint8Array.of(0xbf, 0xff), encode({})),
    concat(header, encode({ seq: 1.5 })),
  ];
  for (const bytes of bad) assert.deepEqual(reasonsOf(bytes), ["malformed invalid_cbor"]);
  for (const text of ["{}", ""]) assert.deepEqual(reasonsOf(text), ["malformed invalid_frame"]);
  for (
    const [one, two] of [
      [1, {}],
      [{}, 1],
      [{ op: 1 }, {}],
      [{ op: 1, t: "" }, {}],
      [{ op: "1" }, {}],
      [{ op: -1 }, {}],
      [{ op: -1 }, { error: "" }],
    ]
  ) {
    assert.deepEqual(reasonsOf(concat(encode(one), encode(two))), ["malformed invalid_frame"]);
  }
});

Deno.test("a frame above the limit is rejected before it is decoded", () => {
  const small = createFirehoseDecoder(decoderOptions({ limits: { messageBytes: 100 } }));
  const event = only(small, commitFrame());
  assert.ok(event.kind === "malformed" && event.refusal.reason === "message_too_large");
});

/** Arrays in arrays, each of which says that it has as many items as there are bytes left. */
function arrayBomb(bytes: number): Uint8Array {
  const bomb = new Uint8Array(bytes);
  const view = new DataView(bomb.buffer);
  for (let at = 0; at + 3 <= bytes; at += 3) {
    bomb[at] = 0x99;
    view.setUint16(at + 1, Math.max(256, Math.min(65535, bytes - at - 3)));
  }
  return bomb;
}

Deno.test("declared lengths allocate nothing: neither in frames, nor in CARs, nor in records", () => {
  const before = heldBytes();
  const bomb = arrayBomb(60_000);
  const huge = Uint8Array.of(0x9b, 0, 0, 0, 1, 0, 0, 0, 0);
  for (const item of [bomb, huge]) {
    for (const frame of [item, concat(encode({ op: 1, t: "#commit" }), item)]) {
      assert.match(String(reasonsOf(frame)), /^malformed (invalid_cbor|message_too_large)$/);
    }
    assert.throws(() => readCar(concat(Uint8Array.of(0xe0, 0xd4, 0x03), item)), CarError);
    const ops = [{ action: "create", path: "app.subcult.scene/a", cid: linkTo(item) }];
    const frame = commitFrame({
      blocks: ([commit]) => [commit!, [linkTo(item), item]],
      body: { ops },
    });
    assert.match(
      String(reasonsOf(frame)),
      /^commit (record_too_deep|record_too_large|invalid_record)$/,
    );
  }
  const grown = heldBytes() - before;
  assert.ok(grown < 128 * 2 ** 20, `memory grew by ${grown} bytes`);
});

function faultOf(bytes: Uint8Array, floats = false): CborFault | null {
  try {
    checkCbor(bytes, { depthMax: 3, floats });
    return null;
  } catch (error) {
    assert.ok(error instanceof CborError);
    return error.fault;
  }
}

Deno.test("the shape of CBOR is checked without decoding it", () => {
  const fine = [null, true, -1, 2 ** 40, "é", toBytes(new Uint8Array(300)), [], {}, [[[1]]], SCENE];
  for (const value of [...fine, { a: linkTo(encode(SCENE)) }]) {
    assert.equal(faultOf(encode(value)), null);
  }
  assert.equal(faultOf(encode([[[[1]]]])), "depth");
  assert.equal(faultOf(encode([1.5])), "float");
  assert.equal(faultOf(encode([1.5]), true), null);
  assert.equal(faultOf(Uint8Array.of(0xf9, 0, 0), true), "invalid");
  assert.equal(faultOf(Uint8Array.of(0x9f, 0xff)), "invalid");
  assert.equal(faultOf(Uint8Array.of(0x82, 1)), "truncated");
  assert.equal(faultOf(Uint8Array.of(0xa1, 0x61, 0x61)), "truncated");
  assert.equal(faultOf(Uint8Array.of(0x62, 0x61)), "truncated");
  assert.equal(faultOf(Uint8Array.of(0x1a, 0)), "truncated");
  assert.equal(faultOf(new Uint8Array()), "truncated");
  assert.equal(faultOf(Uint8Array.of(1, 1)), "trailing");
});

Deno.test({
  name:
    `a record with a float is outside of the data model, unless it is asked for${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    const name = "fuzz/FuzzDecodeRecordMapEquivalence/f0853a04678302a4";
    const record = goBytes(corpusFile(name)!);
    assert.equal(recordShapeRefusal(record, DEFAULT_LIMITS)?.reason, "invalid_record");
    assert.equal(recordShapeRefusal(record, DEFAULT_LIMITS, { floats: true }), null);
  },
});

Deno.test("a truncated CAR is rejected at every incomplete block", () => {
  const block = encode(SCENE);
  const link = linkTo(block);
  const car = carOf([link], [[link, block], [link, block]]);
  assert.equal(readCar(car).blocks.size, 1);
  let whole = 0;
  for (let length = 0; length < car.length; length++) {
    try {
      readCar(car.subarray(0, length));
      whole++;
    } catch (error) {
      assert.ok(error instanceof CarError, String(error));
    }
  }
  // Behind the header, and behind the first block.
  assert.equal(whole, 2);
});

Deno.test("a CAR of another version, or with CIDs of another kind, is refused", () => {
  const block = encode(SCENE);
  const link = linkTo(block);
  const header = (value: unknown): Uint8Array => {
    const bytes = encode(value);
    return concat(Uint8Array.of(bytes.length), bytes);
  };
  for (const value of [{ version: 2, roots: [] }, { version: 1 }, { version: 1, roots: [1] }, 1]) {
    assert.throws(() => readCar(header(value)), CarError);
  }
  // The rest of a CID that is cut off would be taken for the next block's length.
  const cut = Array.from({ length: 1000 }, (_, i) => linkTo(encode(i)))
    .find(({ bytes }) => bytes.at(-1) === 36)!;
  const sections = [Uint8Array.of(35), cut.bytes, link.bytes];
  assert.throws(() => readCar(concat(carOf([link], []), ...sections)), /without a CID/);
  for (const at of [0, 1, 2, 3]) {
    const other = new CidLinkWrapper(link.bytes.slice());
    other.bytes[at]! ^= 1;
    assert.throws(() => readCar(carOf([link], [[other, block]])), CarError);
  }
});

Deno.test("a link of a length that no CID has is refused, wherever it is", () => {
  for (const length of [0, 35, 37, 300_000]) {
    const odd = new CidLinkWrapper(new Uint8Array(length).fill(1));
    const ops = [{ action: "create", path: "app.subcult.scene/scene1", cid: odd }];
    const blocks = toBytes(carOf([odd], []));
    for (const body of [{ commit: odd }, { ops }, { blocks }]) {
      const [event] = decoder.decode(commitFrame({ body }));
      const refusal = event !== undefined && "refusal" in event ? event.refusal : null;
      assert.match(refusal?.reason ?? "", /^invalid_c(bor|ar|id)$/, Object.keys(body)[0]);
    }
  }
});

Deno.test("a commit of v1 and the same commit of the firehose are one event", () => {
  const text = JSON.stringify({
    did: DID,
    time_us: POSITION.timeUs,
    cursor: POSITION.cursor,
    kind: "commit",
    commit: {
      rev: REV,
      operation: "create",
      collection: "app.subcult.scene",
      rkey: "scene1",
      record: SCENE,
      cid: recordCid(encode(SCENE)),
    },
  });
  assert.deepEqual(decoder.decode(commitFrame()), v1().decode(text));
});
