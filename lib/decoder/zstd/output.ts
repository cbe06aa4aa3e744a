/** The decoded bytes of a frame, after the dictionary's content. */

import { corrupt } from "./zstd_error.ts";

/** No block decodes to more (RFC 8878 section 3.1.1.2.4). */
export const MAX_BLOCK_BYTES = 128 * 1024;

/** Spare bytes at the end of every buffer, because copies work with four bytes at a time. */
export const SLACK = 8;

/** A larger buffer is released after its frame. */
const KEPT_BYTES = 8 * 1024 * 1024;

/**
 * Matches of the first bytes reach into the dictionary, so the dictionary's content always stays before the
 * frame: no match needs a special case. The buffer grows with the decoded bytes, never with a declared size.
 */
export class Output {
  bytes: Uint8Array;
  view: DataView;
  /** Index in `bytes` where the next byte goes. */
  position: number;
  /** Index of the first byte that a match may reach. */
  floor = 0;
  /** Limit for one decoded block of this frame, bytes. */
  blockLimit = MAX_BLOCK_BYTES;
  readonly #start: number;

  constructor(prefix: Uint8Array) {
    this.#start = prefix.length;
    this.bytes = new Uint8Array(prefix.length + MAX_BLOCK_BYTES + SLACK);
    this.view = new DataView(this.bytes.buffer);
    this.bytes.set(prefix);
    this.position = this.#start;
  }

  /** Begins a frame. `withPrefix`: matches may reach into the dictionary. */
  begin(windowBytes: number, withPrefix: boolean): void {
    this.position = this.#start;
    this.floor = withPrefix ? 0 : this.#start;
    this.blockLimit = Math.min(windowBytes, MAX_BLOCK_BYTES);
  }

  /** Bytes of the frame so far. */
  get length(): number {
    return this.position - this.#start;
  }

  /** Makes room for one more block. */
  reserveBlock(): void {
    const needed = this.position + MAX_BLOCK_BYTES + SLACK;
    if (needed > this.bytes.length) this.#resize(Math.max(needed, 2 * this.bytes.length));
  }

  /** Appends bytes as they are. */
  append(bytes: Uint8Array, start: number, length: number): void {
    this.#checkBlock(length);
    this.bytes.set(bytes.subarray(start, start + length), this.position);
    this.position += length;
  }

  /** Appends one byte many times. */
  repeat(byte: number, length: number): void {
    this.#checkBlock(length);
    this.bytes.fill(byte, this.position, this.position + length);
    this.position += length;
  }

  /** A view of the frame's bytes, valid until the next change. */
  content(): Uint8Array {
    return this.bytes.subarray(this.#start, this.position);
  }

  /** A copy of the frame's bytes. */
  take(): Uint8Array {
    return this.bytes.slice(this.#start, this.position);
  }

  /** Releases a buffer that a large frame made large. */
  release(): void {
    if (this.bytes.length <= KEPT_BYTES) return;
    this.position = this.#start;
    this.#resize(this.#start + MAX_BLOCK_BYTES + SLACK);
  }

  #checkBlock(length: number): void {
    if (length > this.blockLimit) {
      throw corrupt(`got a block of ${length} bytes, expected at most ${this.blockLimit}`);
    }
  }

  #resize(length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.bytes.subarray(0, this.position));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
