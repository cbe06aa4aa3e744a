/**
 * Mutated bytes through the binary decoders. `FUZZ_SEED` repeats a run, `FUZZ_SECONDS` lengthens it
 * for each decoder; without them every decoder gets the same new seed, which is printed, and half a
 * second.
 */

import { decode, decodeFirst, encode, toBytes } from "@atcute/cbor";
import assert from "node:assert/strict";
import { isDid, isNsid, isRev, isRkey } from "../../lib/decoder/address.ts";
import { Block, BlockError } from "../../lib/decoder/archive/block.ts";
import { eventsOf } from "../../lib/decoder/archive/block_events.ts";
import { BlockDecoder } from "../../lib/decoder/archive/block_frame.ts";
import { CarError, readCar } from "../../lib/decoder/cbor/car.ts";
import { CborError, checkCbor } from "../../lib/decoder/cbor/check_cbor.ts";
import type { Event } from "../../lib/decoder/event.ts";
import { createFirehoseDecoder } from "../../lib/decoder/wire/firehose.ts";
import { decompress } from "../../lib/decoder/zstd/libzstd.ts";
import { readSegment, readSegmentHeader, SegmentError } from "../../lib/decoder/archive/segment.ts";
import { xxhash3Hex } from "../../lib/decoder/zstd/xxhash.ts";
import { frameContentBytes, ZstdDecoder, ZstdError } from "../../lib/decoder/zstd/decoder.ts";
import { isReason } from "../../lib/reason.ts";
import {
  blockBody,
  carOf,
  commitFrame,
  concat,
  corpusFrames,
  EVERYTHING,
  firehoseFrame,
  linkTo,
  recordRow,
  SCENE,
  segmentFile,
  storedFrame,
  uint,
} from "../support/decoder_binary_samples.ts";
import { decoderOptions, DID, REV } from "../support/decoder_samples.ts";
import * as sample from "../support/decoder_zstd_samples.ts";
import { isAlwaysSlow } from "../support/always_slow.ts";
import { heldBytes } from "../support/held_bytes.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { corpusFile } from "../support/corpus.ts";

const SECONDS = Number(Deno.env.get("FUZZ_SECONDS") ?? "0.5");
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? Math.floor(Math.random() * 2 ** 32));

/** Far above what one message takes, and far below a hang. */
const MAX_MESSAGE_MS = 2_000;
/** What the process may grow by while it fuzzes one decoder, garbage included. */
const MAX_GROWTH_BYTES = 512 * 2 ** 20;

/** Gives whole numbers from 0 up to `n`. */
type Random = (n: number) => number;

/** Lengths and heads that formats give a meaning to. */
const WORDS: readonly Uint8Array[] = [
  Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
  Uint8Array.of(0x00),
  uint(8, 2 ** 33),
  uint(4, 0xfd2fb528),
  uint(3, (2 ** 17 << 3) | 2),
  Uint8Array.of(0x9b, 0, 0, 0, 1, 0, 0, 0, 0),
  Uint8Array.of(0x9a, 0, 1, 0, 0),
  Uint8Array.of(0xbf),
  Uint8Array.of(0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0xd8, 0x2a, 0x58, 0x25, 0x00),
  new Uint8Array(500).fill(0x81),
];

function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random(bytes.length + 1);
  const head = bytes.subarray(0, at);
  switch (random(7)) {
    case 0:
      return concat(head, bytes.subarray(at + random(24)));
    case 1: {
      const changed = bytes.slice();
      if (at < changed.length) changed[at]! ^= 1 << random(8);
      return changed;
    }
    case 2:
      return concat(head, Uint8Array.of(random(256)), bytes.subarray(at + 1));
    case 3: {
      const word = pick(WORDS, random);
      return concat(head, word, bytes.subarray(at + (random(2) ? word.length : 0)));
    }
    case 4:
      return concat(head, other.subarray(random(other.length + 1)));
    case 5:
      return concat(head, bytes.subarray(random(bytes.length + 1)));
    default:
      return head;
  }
}

function pick<T>(list: readonly T[], random: Random): T {
  const item = list[random(list.length)];
  if (item === undefined) throw new RangeError("cannot pick from an empty list");
  return item;
}

/** Piles mutations on each seed, so that some stay close to well-formed and some don't. */
function fuzz(
  name: string,
  seeds: readonly Uint8Array[],
  check: (bytes: Uint8Array) => boolean,
): void {
  const next = seededRandom(SEED);
  const random: Random = (n) => Math.floor(next() * n);
  const before = heldBytes();
  const end = performance.now() + SECONDS * 1000;
  let runs = 0;
  let taken = 0;
  while (performance.now() < end) {
    const other = pick(seeds, random);
    let bytes = pick(seeds, random);
    for (let depth = random(4); depth >= 0; depth--) bytes = mutate(bytes, other, random);
    try {
      let wasTaken = false;
      const act = (): unknown => wasTaken = check(bytes);
      assert.ok(!isAlwaysSlow(act, MAX_MESSAGE_MS), `it takes over ${MAX_MESSAGE_MS} ms`);
      if (wasTaken) taken++;
    } catch (error) {
      const shown = [...bytes.subarray(0, 2000)].map((byte) => byte.toString(16).padStart(2, "0"));
      throw new Error(`FUZZ_SEED=${SEED} run ${runs}: ${shown.join("")}`, { cause: error });
    }
    runs++;
  }
  const grown = heldBytes() - before;
  assert.ok(grown < MAX_GROWTH_BYTES, `FUZZ_SEED=${SEED}: memory grew by ${grown} bytes`);
  const line = `${name}: ${runs} inputs, ${taken} of them taken, FUZZ_SEED=${SEED}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}

/** Whether it was decoded; an error of any other kind is thrown on. */
function takes(
  act: () => unknown,
  ...errors: readonly (new (...parts: never[]) => Error)[]
): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (errors.some((expected) => error instanceof expected)) return false;
    throw error;
  }
}

/** Asserts everything that later stages rely on, for any input. */
function assertSound(event: Event): void {
  assert.ok(JSON.stringify(event).isWellFormed());
  if (event.kind === "notice") return;
  if (event.position !== null) {
    assert.ok(Number.isSafeInteger(event.position.cursor) && event.position.cursor >= 0);
    assert.ok(Number.isSafeInteger(event.position.timeUs) && event.position.timeUs >= 0);
  }
  if (event.kind === "commit") {
    assert.ok(isDid(event.did) && isNsid(event.collection));
    assert.ok(isRkey(event.rkey) && isRev(event.rev));
    assert.equal(event.record !== null, event.operation !== "delete" && event.refusal === null);
  } else if (event.kind === "malformed") {
    assert.match(event.fingerprint, /^[0-9a-f]{64}$/);
  } else if (event.kind !== "foreign") {
    assert.ok(isDid(event.did));
  }
  if ("refusal" in event && event.refusal !== null) assert.ok(isReason(event.refusal.reason));
}

const small = (file: Uint8Array | null): Uint8Array[] =>
  file === null || file.length > 20_000 ? [] : [file];

Deno.test("a mutated zstd frame at most throws a ZstdError", () => {
  const max = 2 ** 20;
  const { DICTIONARY: dictionary } = sample;
  const decoder = new ZstdDecoder({ dictionary, maxOutputBytes: max });
  const seeds = [
    sample.MESSAGE_WITH_DICTIONARY,
    sample.MESSAGE_ALONE,
    sample.PROSE,
    sample.PROSE_SLOW,
    sample.ZEROS,
    sample.HI,
    sample.NOTHING,
    ...small(corpusFile("corpus/did_docs.json.zst")),
  ];
  fuzz(
    "zstd frames",
    seeds,
    (bytes) => takes(() => assert.ok(decoder.decode(bytes).length <= max), ZstdError),
  );
  // Earlier input has not affected the decoder.
  const text = new TextDecoder().decode(decoder.decode(sample.MESSAGE_WITH_DICTIONARY));
  assert.equal(text, sample.MESSAGE);
});

Deno.test("every frame that libzstd accepts, our own decoder decodes to the same bytes", () => {
  const max = 2 ** 20;
  const decoder = new ZstdDecoder({ maxOutputBytes: max });
  const seeds = [
    sample.MESSAGE_ALONE,
    sample.PROSE,
    sample.PROSE_SLOW,
    sample.ZEROS,
    sample.HI,
    ...small(corpusFile("segment/golden_block.bin")),
  ];
  fuzz("zstd frames for both decoders", seeds, (bytes) => {
    const declared = frameContentBytes(bytes);
    if (declared === null || declared === 0 || declared > max) return false;
    const theirs = decompress(bytes, declared);
    if (theirs === null) return false;
    try {
      assert.equal(xxhash3Hex(decoder.decode(bytes)), xxhash3Hex(theirs));
      return true;
    } catch (error) {
      // The limit of a block's content (RFC 8878, section 3.1.1.2.4), which libzstd doesn't hold it to.
      if (error instanceof ZstdError && error.message.endsWith("at most 131072")) return false;
      throw error;
    }
  });
});

Deno.test("a mutated zstd dictionary at most throws a ZstdError", () => {
  fuzz("zstd dictionaries", [sample.DICTIONARY], (dictionary) =>
    takes(() => {
      const decoder = new ZstdDecoder({ dictionary, maxOutputBytes: 2 ** 20 });
      decoder.decode(sample.MESSAGE_WITH_DICTIONARY);
    }, ZstdError));
});

const FIREHOSE_FRAMES: readonly Uint8Array[] = [
  commitFrame(),
  commitFrame({ body: { tooBig: true } }),
  commitFrame({ body: { ops: [{ action: "delete", path: "app.subcult.scene/a", cid: null }] } }),
  commitFrame({ record: { ...SCENE, location: { lat: 52.5, lng: 13.25 } } }),
  firehoseFrame({ op: 1, t: "#sync" }, {
    seq: 7,
    did: DID,
    rev: REV,
    blocks: toBytes(carOf([linkTo(encode(SCENE))], [[linkTo(encode(SCENE)), encode(SCENE)]])),
    time: "2026-08-20T09:30:01.004512Z",
  }),
  firehoseFrame({ op: 1, t: "#info" }, { name: "OutdatedCursor" }),
  firehoseFrame({ op: -1 }, { error: "FutureCursor" }),
  ...corpusFrames(),
];

Deno.test("no mutated firehose frame makes the decoder throw, hang or give an unsound event", () => {
  const everything = createFirehoseDecoder(EVERYTHING);
  const ours = createFirehoseDecoder(decoderOptions());
  fuzz("firehose frames", FIREHOSE_FRAMES, (bytes) => {
    const events = [...everything.decode(bytes), ...ours.decode(bytes)];
    assert.ok(events.length >= 2);
    events.forEach(assertSound);
    return events.some(({ kind }) => kind !== "malformed");
  });
});

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  Number.MAX_SAFE_INTEGER,
  "",
  "\u0000",
  "app.subcult.scene/",
  "did:plc:other",
  "#tomorrow",
  [],
  [null, [[]]],
  {},
  { toString: 1, toJSON: 1, valueOf: 1, then: 1, ["__proto__"]: 1, $link: 1 },
  toBytes(new Uint8Array(36)),
  linkTo(encode(SCENE)),
];

Deno.test("no firehose frame of odd values makes the decoder throw or give an unsound event", () => {
  const decoder = createFirehoseDecoder(decoderOptions());
  fuzz("odd firehose frames", [Uint8Array.of(0)], (bytes) => {
    const random = seededRandom(bytes.reduce((sum, byte) => Math.imul(sum, 31) + byte, 1));
    const below: Random = (n) => Math.floor(random() * n);
    const [header = {}, body = {}] = decodeFrame(pick(FIREHOSE_FRAMES.slice(0, 12), below));
    const ops = Array.isArray(body.ops) ? body.ops.map((op) => ({ ...op })) : [];
    for (let changes = below(3); changes >= 0; changes--) {
      const target = pick([header, body, body, ...ops], below);
      const names = Object.keys(target);
      if (names.length === 0) continue;
      if (below(4) === 0) delete target[pick(names, below)];
      else target[pick(names, below)] = ODD_VALUES[below(ODD_VALUES.length)];
    }
    if (Array.isArray(body.ops) && ops.length > 0) body.ops = ops;
    const events = decoder.decode(concat(encode(header), encode(body)));
    assert.ok(events.length >= 1);
    events.forEach(assertSound);
    return events.some(({ kind }) => kind !== "malformed");
  });
});

/** Header and body of a well-formed frame. */
function decodeFrame(frame: Uint8Array): Record<string, unknown>[] {
  const [header, rest] = decodeFirst(frame);
  return [header, decode(rest)];
}

Deno.test("a mutated CAR at most throws a CarError", () => {
  const block = encode(SCENE);
  const link = linkTo(block);
  const seeds = [carOf([link], [[link, block]]), ...small(corpusFile("corpus/repo.car"))];
  fuzz("CARs", seeds, (bytes) => takes(() => readCar(bytes), CarError));
});

Deno.test("the check of CBOR's shape rejects nothing that the decoder accepts", () => {
  const seeds = FIREHOSE_FRAMES.slice(0, 40).map((frame) => frame.slice(0, 1500));
  seeds.push(encode(SCENE), encode({ a: [1.5, -1, null, [{}], toBytes(new Uint8Array(30))] }));
  fuzz("CBOR", seeds, (bytes) => {
    const isShape = takes(
      () => checkCbor(bytes, { depthMax: bytes.length, floats: true }),
      CborError,
    );
    // Without the check, a large input would take the memory that the check saves.
    if (!isShape && bytes.length < 2000) assert.equal(takes(() => decode(bytes), Error), false);
    return isShape;
  });
});

const ROWS = [
  recordRow(1),
  recordRow(2, { kind: 3, payload: new Uint8Array() }),
  recordRow(3, { collection: "app.bsky.feed.like", payload: encode({ a: [1.5, {}] }) }),
  { seq: 4, kind: 4, did: DID, payload: encode({ did: DID, handle: "a.example", seq: 1 }) },
  { seq: 5, kind: 5, did: DID, payload: encode({ did: DID, active: true, seq: 1 }) },
  { seq: 6, kind: 6, did: DID, rev: REV, payload: encode({ did: DID, rev: REV, seq: 1 }) },
];

Deno.test("a mutated block at most throws, and its rows give valid events", () => {
  const decoder = new BlockDecoder(2 ** 20);
  const seeds = [
    blockBody(ROWS),
    blockBody([]),
    storedFrame(blockBody(ROWS)),
    ...small(corpusFile("segment/golden_block.bin")),
  ];
  const check = (block: Block): void =>
    [EVERYTHING, decoderOptions()].forEach((options) =>
      eventsOf(block, options).events.forEach(assertSound)
    );
  fuzz("blocks", seeds, (bytes) => {
    const asBody = takes(() => check(new Block(bytes)), BlockError);
    const asFrame = takes(() => check(decoder.decode(bytes)), BlockError, ZstdError);
    return asBody || asFrame;
  });
});

Deno.test("a mutated segment at most throws, also with a right checksum", () => {
  const seeds = [
    segmentFile([ROWS, [recordRow(9)], []]),
    ...small(corpusFile("segment/golden_seal.bin")),
    ...small(corpusFile("corpus/golden_corpus_segment.jss")),
  ];
  const decoder = new BlockDecoder(2 ** 20);
  fuzz("segments", seeds, (bytes) =>
    takes(
      () => {
        for (const { entry, frame } of readSegment(resealed(bytes)).blocks) {
          eventsOf(decoder.decode(frame, entry), EVERYTHING).events.forEach(assertSound);
        }
      },
      SegmentError,
      BlockError,
      ZstdError,
    ));
});

/** The same file with the checksum that it should have, where it has the parts for one. */
function resealed(bytes: Uint8Array): Uint8Array {
  const file = bytes.slice();
  let footerOffset = 0;
  if (!takes(() => footerOffset = readSegmentHeader(file).footerOffset, SegmentError)) return file;
  const sum = xxhash3Hex(file.subarray(12, 256), file.subarray(footerOffset));
  new DataView(file.buffer).setBigUint64(4, BigInt(`0x${sum}`), true);
  return file;
}
