/** Segments of an archive, made from rows, after section "Segment" of the format and nothing else. */

import { encode } from "@atcute/cbor";
import { createXXHash3, createXXHash64 } from "hash-wasm";

export type RowKind =
  | "create"
  | "update"
  | "delete"
  | "identity"
  | "account"
  | "sync"
  | "replacement";

const KINDS: readonly RowKind[] = [
  "create",
  "update",
  "delete",
  "identity",
  "account",
  "sync",
  "replacement",
];

/** One row; commits have a collection. */
export interface ArchiveRow {
  readonly seq: number;
  readonly kind: RowKind;
  readonly did: string;
  readonly collection?: string;
  readonly rkey?: string;
  readonly rev?: string;
  /** The record or the body of the message. */
  readonly content?: Readonly<Record<string, unknown>>;
  /** When the server saw it, Unix microseconds. Default: `timeOf`. */
  readonly witnessedAt?: number;
}

export interface ArchiveBlock {
  readonly rows: readonly ArchiveRow[];
  /** The bounds in the index, which outlive a compaction. */
  readonly minSeq: number;
  readonly maxSeq: number;
  readonly body: Uint8Array;
  readonly frame: Uint8Array;
}

export interface ArchiveSegment {
  readonly name: string;
  readonly checksum: string;
  readonly minSeq: number;
  readonly maxSeq: number;
  readonly blocks: readonly ArchiveBlock[];
  readonly file: Uint8Array;
}

/** The time of a row, Unix microseconds: a second a row. */
export function timeOf(seq: number): number {
  return 1_787_218_200_000_000 + seq * 1_000_000;
}

const xxh3 = await createXXHash3();
const xxh64 = await createXXHash64();

const HEADER_BYTES = 256;

/** Little-endian bytes, written one after the other. */
class Bytes {
  readonly #parts: Uint8Array[] = [];
  length = 0;

  add(part: Uint8Array): this {
    this.#parts.push(part);
    this.length += part.length;
    return this;
  }

  number(width: 1 | 2 | 4 | 8, value: number | bigint): this {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value), true);
    return this.add(new Uint8Array(view.buffer, 0, width));
  }

  done(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** A block of rows; bounds are given where rows are gone. */
export function blockOf(
  rows: readonly ArchiveRow[],
  minSeq = rows[0]?.seq ?? 0,
  maxSeq = rows.at(-1)?.seq ?? 0,
): ArchiveBlock {
  const body = bodyOf(rows);
  return { rows, minSeq, maxSeq, body, frame: frameOf(body) };
}

function bodyOf(rows: readonly ArchiveRow[]): Uint8Array {
  const text = new TextEncoder();
  const columns = rows.map(({ collection = "", did, rkey = "", rev = "", content }) => [
    text.encode(collection),
    text.encode(did),
    text.encode(rkey),
    text.encode(rev),
    content === undefined ? new Uint8Array() : encode(content),
  ]);
  const bytes = new Bytes().number(4, rows.length);
  for (const { seq } of rows) bytes.number(8, seq);
  for (const { seq, witnessedAt = timeOf(seq) } of rows) bytes.number(8, witnessedAt);
  for (const _ of rows) bytes.number(8, 0);
  for (const { kind } of rows) bytes.number(1, KINDS.indexOf(kind) + 1);
  const widths = [1, 2, 1, 1, 4] as const;
  for (const [i, width] of widths.entries()) {
    for (const row of columns) bytes.number(width, row[i]!.length);
  }
  for (const i of widths.keys()) for (const row of columns) bytes.add(row[i]!);
  return bytes.done();
}

/** A zstd frame of stored blocks, with the size and the checksum of the content, as servers make them. */
export function frameOf(content: Uint8Array): Uint8Array {
  const frame = new Bytes().number(4, 0xfd2fb528).number(1, 0x84).number(1, 0x38)
    .number(4, content.length);
  const largest = 128 * 1024;
  for (let at = 0; at === 0 || at < content.length; at += largest) {
    const part = content.subarray(at, at + largest);
    const last = at + largest >= content.length ? 1 : 0;
    frame.number(2, (part.length << 3 | last) & 0xffff).number(1, part.length >> 13).add(part);
  }
  const sum = xxh64.init().update(content).digest("binary");
  return frame.add(Uint8Array.from(sum.subarray(4)).reverse()).done();
}

/** A sealed segment. Its name tells its index, its checksum follows from all but the blocks. */
export function segmentOf(index: number, blocks: readonly ArchiveBlock[]): ArchiveSegment {
  const minSeq = blocks[0]?.minSeq ?? 0;
  const maxSeq = blocks.at(-1)?.maxSeq ?? 0;
  const data = new Bytes();
  const footer = new Bytes();
  for (const { frame, body, rows, minSeq, maxSeq } of blocks) {
    footer.number(8, HEADER_BYTES + data.length).number(4, frame.length).number(4, body.length)
      .number(4, rows.length).number(8, minSeq).number(8, maxSeq)
      .number(8, timeOf(minSeq)).number(8, timeOf(maxSeq));
    data.number(8, frame.length).add(frame);
  }
  const footerAt = HEADER_BYTES + data.length;
  const blooms = footerAt + footer.length;
  // Stands for the filters, which a client doesn't read.
  footer.add(new Uint8Array(24).fill(7));
  const covered = new Bytes().number(2, 1).number(4, blocks.length)
    .number(4, blocks.flatMap(({ rows }) => rows).length).number(4, 1)
    .number(8, minSeq).number(8, maxSeq).number(8, timeOf(minSeq)).number(8, timeOf(maxSeq))
    .number(8, footerAt).number(8, blooms).number(8, blooms + 8).number(8, blooms + 16)
    .number(8, footerAt);
  const start = covered.add(new Uint8Array(HEADER_BYTES - 12 - covered.length)).done();
  const checksum = xxh3.init().update(start).update(footer.done()).digest("hex");
  const file = new Bytes().add(new TextEncoder().encode("jss0"))
    .number(8, BigInt(`0x${checksum}`)).add(start).add(data.done()).add(footer.done());
  const name = `seg_${index.toString(36).padStart(10, "0")}.jss`;
  return { name, checksum, minSeq, maxSeq, blocks, file: file.done() };
}
