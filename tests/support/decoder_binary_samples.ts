/** Frames, blocks and files for the tests of the binary decoders: from the corpus, and composed. */

import { CidLinkWrapper, encode, toBytes } from "@atcute/cbor";
import { fromString } from "@atcute/cid";
import { recordCid } from "../../lib/decoder/cbor/cid.ts";
import type { DecoderOptions } from "../../lib/decoder/wire/decoder.ts";
import { DEFAULT_LIMITS } from "../../lib/decoder/limits.ts";
import { xxhash3Hex, xxhash64Hex } from "../../lib/decoder/zstd/xxhash.ts";
import { ZstdDecoder } from "../../lib/decoder/zstd/decoder.ts";
import { corpusFile } from "./corpus.ts";
import { DID, REV } from "./decoder_samples.ts";

/** The 150 frames of the relay that the corpus captured. */
export function corpusFrames(): Uint8Array[] {
  const file = corpusFile("corpus/frames.bin.zst");
  if (file === null) return [];
  const bytes = new ZstdDecoder({ maxOutputBytes: 2 ** 24 }).decode(file);
  const view = new DataView(bytes.buffer);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at, true);
    frames.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}

/** Options for which no collection is foreign. */
export const EVERYTHING: DecoderOptions = {
  wanted: { patterns: [], matches: () => true, beginnings: [new Uint8Array()] },
  coarsen: (_collection, record) => ({ record, refusal: null }),
  limits: DEFAULT_LIMITS,
};

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A zstd frame that stores its content without compressing it. */
export function storedFrame(content: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x38)];
  for (let at = 0; at === 0 || at < content.length; at += 2 ** 17) {
    const block = content.subarray(at, at + 2 ** 17);
    const last = at + 2 ** 17 >= content.length ? 1 : 0;
    parts.push(uint(3, block.length * 8 + last), block);
  }
  return concat(...parts, uint(4, parseInt(xxhash64Hex(content).slice(8), 16)));
}

/** A little-endian integer, also a negative one. */
export function uint(width: number, value: number): Uint8Array {
  return Uint8Array.from(
    { length: width },
    (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n),
  );
}

export interface Row {
  readonly seq: number;
  readonly witnessedAt?: number;
  readonly indexedAt?: number;
  readonly kind: number;
  readonly did?: string;
  readonly collection?: string;
  readonly rkey?: string;
  readonly rev?: string;
  readonly payload?: Uint8Array;
}

/** A record's row as most tests need it. */
export function recordRow(seq: number, changes: Partial<Row> = {}): Row {
  return {
    seq,
    kind: 1,
    did: DID,
    collection: "app.subcult.scene",
    rkey: "scene1",
    rev: REV,
    payload: encode({ $type: "app.subcult.scene", name: "Tide tables" }),
    ...changes,
  };
}

/** The body of a block: its columns, one after the other. */
export function blockBody(rows: readonly Row[]): Uint8Array {
  const text = (value = ""): Uint8Array => new TextEncoder().encode(value);
  const collections = rows.map(({ collection }) => text(collection));
  const dids = rows.map(({ did }) => text(did));
  const rkeys = rows.map(({ rkey }) => text(rkey));
  const revs = rows.map(({ rev }) => text(rev));
  const payloads = rows.map(({ payload }) => payload ?? new Uint8Array());
  const lengths = (width: number, column: readonly Uint8Array[]): Uint8Array[] =>
    column.map((value) => uint(width, value.length));
  return concat(
    uint(4, rows.length),
    ...rows.map(({ seq }) => uint(8, seq)),
    ...rows.map(({ witnessedAt = 1_787_218_201_004_512 }) => uint(8, witnessedAt)),
    ...rows.map(({ indexedAt = 0 }) => uint(8, indexedAt)),
    ...rows.map(({ kind }) => uint(1, kind)),
    ...lengths(1, collections),
    ...lengths(2, dids),
    ...lengths(1, rkeys),
    ...lengths(1, revs),
    ...lengths(4, payloads),
    ...[collections, dids, rkeys, revs, payloads].flat(),
  );
}

/** A sealed segment with the blocks of these bodies, and no blooms. */
export function segmentFile(bodies: readonly (readonly Row[])[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  const index: Uint8Array[] = [];
  let offset = 256;
  for (const rows of bodies) {
    const body = blockBody(rows);
    const frame = storedFrame(body);
    blocks.push(uint(8, frame.length), frame);
    const seqs = rows.map(({ seq }) => seq);
    index.push(
      uint(8, offset),
      ...[frame.length, body.length, rows.length].map((value) => uint(4, value)),
      ...[seqs[0] ?? 0, seqs.at(-1) ?? 0, 0, 0].map((value) => uint(8, value)),
    );
    offset += 8 + frame.length;
  }
  const footer = concat(...index);
  const end = offset + footer.length;
  const covered = concat(
    uint(2, 1),
    ...[bodies.length, bodies.flat().length, 1].map((value) => uint(4, value)),
    ...[1, 9, 0, 0, offset, end, end, end, offset].map((value) => uint(8, value)),
    new Uint8Array(158),
  );
  const checksum = uint(8, 0);
  new DataView(checksum.buffer).setBigUint64(
    0,
    BigInt(`0x${xxhash3Hex(covered, footer)}`),
    true,
  );
  return concat(new TextEncoder().encode("jss0"), checksum, covered, ...blocks, footer);
}

/** A link to some DAG-CBOR. */
export function linkTo(block: Uint8Array): CidLinkWrapper {
  return new CidLinkWrapper(fromString(recordCid(block)).bytes);
}

/** A CAR of version 1. */
export function carOf(
  roots: readonly CidLinkWrapper[],
  blocks: readonly (readonly [CidLinkWrapper, Uint8Array])[],
): Uint8Array {
  const header = encode({ version: 1, roots });
  const parts = [leb128(header.length), header];
  for (const [{ bytes }, data] of blocks) {
    parts.push(leb128(bytes.length + data.length), bytes, data);
  }
  return concat(...parts);
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push(0x80 | (value & 0x7f));
  return Uint8Array.of(...bytes, value);
}

type Fields = Readonly<Record<string, unknown>>;

/** A frame of the firehose. */
export function firehoseFrame(header: Fields, body: Fields): Uint8Array {
  return concat(encode(header), encode(body));
}

export const SCENE: Fields = { $type: "app.subcult.scene", name: "Tide tables" };

interface CommitChanges {
  readonly record?: Fields;
  /** Of the message. */
  readonly body?: Fields;
  /** Of the commit object. */
  readonly signed?: Fields;
  /** The blocks of the CAR, given those that belong there. */
  readonly blocks?: (
    blocks: readonly (readonly [CidLinkWrapper, Uint8Array])[],
  ) => readonly (readonly [CidLinkWrapper, Uint8Array])[];
}

/** A commit of the firehose that creates one scene. */
export function commitFrame(changes: CommitChanges = {}): Uint8Array {
  const record = encode(changes.record ?? SCENE);
  const commit = encode({
    did: DID,
    rev: REV,
    version: 3,
    prev: null,
    data: linkTo(record),
    sig: toBytes(new Uint8Array(64)),
    ...changes.signed,
  });
  const blocks = [[linkTo(commit), commit], [linkTo(record), record]] as const;
  const path = "app.subcult.scene/scene1";
  return firehoseFrame({ op: 1, t: "#commit" }, {
    seq: 7,
    repo: DID,
    rev: REV,
    since: null,
    commit: linkTo(commit),
    blocks: toBytes(carOf([linkTo(commit)], changes.blocks?.(blocks) ?? blocks)),
    ops: [{ action: "create", path, cid: linkTo(record) }],
    blobs: [],
    rebase: false,
    tooBig: false,
    time: "2026-08-20T09:30:01.004512Z",
    ...changes.body,
  });
}

/** The bytes of a file in Go's fuzzing format: one literal in the second line. */
export function goBytes(file: Uint8Array): Uint8Array {
  const literal = /\[\]byte\("(.*)"\)/.exec(new TextDecoder().decode(file))?.[1] ?? "";
  const bytes: number[] = [];
  const token = /\\x([0-9a-f]{2})|\\(.)|(.)/g;
  for (const [, hex, escaped, plain = ""] of literal.matchAll(token)) {
    if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else if (escaped === undefined) bytes.push(...new TextEncoder().encode(plain));
    else {bytes.push(
        ({ n: 10, r: 13, t: 9 } as Record<string, number>)[escaped] ?? escaped.charCodeAt(0),
      );}
  }
  return Uint8Array.from(bytes);
}
