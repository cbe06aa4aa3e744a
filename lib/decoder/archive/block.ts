/**
 * A block of the archive: the decompressed body of one zstd frame, with a column for each field of its rows.
 * Its shape is validated as a whole, its content row by row. Source: Jetstream's segment format, version 1.
 * All numbers are little-endian.
 */

/** A block whose columns don't fit together. Nothing of it can be read. */
export class BlockError extends Error {
  override readonly name = "BlockError";
}

/** Row kinds; the numbers are those of the format. */
export const ROW_KIND = {
  create: 1,
  update: 2,
  delete: 3,
  identity: 4,
  account: 5,
  sync: 6,
  /** A record that repairs a repository after a sync. */
  replacement: 7,
} as const;

/** The server writes 4096 by default; this is the limit of its own decoder. */
const MAX_ROWS = 262_144;

/** Fixed-width columns of a row: three times of 8 bytes, the kind, and five lengths. */
const ROW_BYTES = 34;

/** A column of consecutive values; value `i` is `bytes[ends[i - 1]…ends[i])`. */
interface Column {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Rows are numbered from 0. Times are Unix microseconds; an empty value is "", never null. */
export class Block {
  readonly #view: DataView;
  readonly #kinds: Uint8Array;
  readonly #collections: Column;
  readonly #dids: Column;
  readonly #rkeys: Column;
  readonly #revs: Column;
  readonly #payloads: Column;
  /** All collections as one text, if each character is one byte; otherwise null. */
  readonly #collectionText: string | null;

  /** Validates the shape of a whole body. Throws a `BlockError`. */
  constructor(body: Uint8Array) {
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const length = body.length < 4 ? -1 : this.#view.getUint32(0, true);
    if (length < 0 || length > MAX_ROWS || length * ROW_BYTES > body.length - 4) {
      throw new BlockError(
        `cannot read a block: got ${body.length} bytes for ${length} rows of ${ROW_BYTES} or more`,
      );
    }
    this.length = length;
    // Sizes are checked first: from here on every fixed-width column is complete.
    let at = 4 + 24 * length;
    this.#kinds = body.subarray(at, at += length);
    const collectionLengths = at;
    const didLengths = at += length;
    const rkeyLengths = at += 2 * length;
    const revLengths = at += length;
    const payloadLengths = at += length;
    at += 4 * length;
    const column = (lengths: number, width: 1 | 2 | 4): Column => {
      const ends = new Uint32Array(length);
      const start = at;
      for (let i = 0; i < length; i++) {
        at += this.#length(lengths + i * width, width);
        if (at > body.length) {
          throw new BlockError(`cannot read a block: got ${body.length} bytes, expected ${at}`);
        }
        ends[i] = at - start;
      }
      return { bytes: body.subarray(start, at), ends };
    };
    this.#collections = column(collectionLengths, 1);
    this.#dids = column(didLengths, 2);
    this.#rkeys = column(rkeyLengths, 1);
    this.#revs = column(revLengths, 1);
    this.#payloads = column(payloadLengths, 4);
    if (at !== body.length) {
      throw new BlockError(`cannot read a block: got ${body.length} bytes, expected ${at}`);
    }
    this.#checkRows();
    const text = utf8.decode(this.#collections.bytes);
    this.#collectionText = text.length === this.#collections.bytes.length ? text : null;
  }

  /** Number of rows. 0 is valid: all were compacted away. */
  readonly length: number;

  /** Ascends from row to row. */
  seq(row: number): number {
    return this.#integer(4 + 8 * row);
  }

  witnessedAt(row: number): number {
    return this.#signed(4 + 8 * this.length + 8 * row);
  }

  /** 0 when it is not set. */
  indexedAt(row: number): number {
    return this.#signed(4 + 16 * this.length + 8 * row);
  }

  /** One of `ROW_KIND`. */
  kind(row: number): number {
    return this.#kinds[row]!;
  }

  /**
   * For comparing, not for keeping: it may be a slice of a text with all collections of the block, which it
   * would keep in memory.
   */
  collectionView(row: number): string {
    if (this.#collectionText === null) return this.collection(row);
    const { ends } = this.#collections;
    return this.#collectionText.slice(row === 0 ? 0 : ends[row - 1]!, ends[row]!);
  }

  collection(row: number): string {
    return utf8.decode(valueOf(this.#collections, row));
  }

  did(row: number): string {
    return utf8.decode(valueOf(this.#dids, row));
  }

  rkey(row: number): string {
    return utf8.decode(valueOf(this.#rkeys, row));
  }

  rev(row: number): string {
    return utf8.decode(valueOf(this.#revs, row));
  }

  /** DAG-CBOR of a record, or of an upstream message; a view of the body. */
  payload(row: number): Uint8Array {
    return valueOf(this.#payloads, row);
  }

  /** Length of the payload. */
  payloadBytes(row: number): number {
    const { ends } = this.#payloads;
    return ends[row]! - (row === 0 ? 0 : ends[row - 1]!);
  }

  #length(at: number, width: 1 | 2 | 4): number {
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  #checkRows(): void {
    let before = 0;
    for (let row = 0; row < this.length; row++) {
      const seq = this.seq(row);
      if (seq <= before || !Number.isSafeInteger(seq)) {
        throw new BlockError(`cannot read a block: got seq ${seq} after ${before}`);
      }
      before = seq;
      const kind = this.kind(row);
      if (kind < ROW_KIND.create || kind > ROW_KIND.replacement) {
        throw new BlockError(`cannot read a block: got a row of kind ${kind}, expected 1 to 7`);
      }
    }
  }

  /** Exact up to 2^53, the limit of cursors. */
  #integer(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  #signed(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getInt32(at + 4, true) * 2 ** 32;
  }
}

function valueOf({ bytes, ends }: Column, row: number): Uint8Array {
  return bytes.subarray(row === 0 ? 0 : ends[row - 1]!, ends[row]!);
}
