/**
 * The compressed bytes. They are read in two ways: as whole little-endian fields from the front, and as bits
 * at any bit position. All numbers of the format are little-endian (RFC 8878 section 3).
 */

import { corrupt } from "./zstd_error.ts";

/**
 * Spare bytes on both sides of the compressed data. Bits are read four bytes at a time, and limits are
 * checked after a few reads, not before each. The states and the first sequence take at most 115 bits before
 * their check, so even an invalid stream is read only within this margin.
 */
const MARGIN = 16;

/** Bit positions stay below 2^31, where V8 has its fast integers. */
export const MAX_INPUT_BYTES = (1 << 28) - 2 * MARGIN;

/** A range of the compressed bytes, consumed from the front. */
export class Source {
  private constructor(
    /** The whole buffer, which is longer than the range on both sides. */
    readonly bytes: Uint8Array,
    readonly view: DataView,
    /** Index in `bytes` of the next byte. */
    public position: number,
    /** Index in `bytes` where the range ends. */
    readonly end: number,
  ) {}

  /** Copies the data into a buffer with margins. `scratch` is reused when it is long enough. */
  static over(data: Uint8Array, scratch?: Source): Source {
    const end = MARGIN + data.length;
    let { bytes, view } = scratch ?? {};
    if (bytes === undefined || view === undefined || bytes.length < end + MARGIN) {
      bytes = new Uint8Array(end + MARGIN);
      view = new DataView(bytes.buffer);
    }
    bytes.set(data, MARGIN);
    return new Source(bytes, view, MARGIN, end);
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Takes the next bytes as a range of their own. */
  section(length: number): Source {
    const start = this.skip(length);
    return new Source(this.bytes, this.view, start, this.position);
  }

  /** Skips some bytes and returns the index of the first. */
  skip(length: number): number {
    const start = this.position;
    if (length > this.end - start) {
      throw corrupt(`got ${this.end - start} more bytes, expected at least ${length}`);
    }
    this.position = start + length;
    return start;
  }

  u8(): number {
    return this.view.getUint8(this.skip(1));
  }

  u16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  u24(): number {
    const start = this.skip(3);
    return this.view.getUint16(start, true) + this.view.getUint8(start + 2) * 2 ** 16;
  }

  u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  /** Exact up to 2^53. Larger values may only be compared with a limit. */
  u64(): number {
    const low = this.u32();
    return low + this.u32() * 2 ** 32;
  }
}

/** The `count` (at most 25) bits from a bit position on, counted from the start of the buffer. */
export function bitsAt(view: DataView, position: number, count: number): number {
  return (view.getUint32(position >>> 3, true) >>> (position & 7)) & ((1 << count) - 1);
}

/** Index of the highest bit that is set, in a number above 0. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/**
 * The position where a stream that is read backwards begins: below the highest bit of its last byte, which is
 * the end mark (section 4.1).
 */
export function backwardStart(source: Source): number {
  const last = source.remaining > 0 ? source.bytes[source.end - 1]! : 0;
  if (last === 0) throw corrupt("got a bitstream without its end mark, expected one");
  return (source.end - 1) * 8 + highestBit(last);
}
