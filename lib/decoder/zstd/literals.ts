/** The literals section of a compressed block (RFC 8878 section 3.1.1.3.1). */

import { corrupt } from "./zstd_error.ts";
import { decodeHuffmanStream, type HuffmanTable, readHuffmanTable } from "./huffman.ts";
import { MAX_BLOCK_BYTES, type Output, SLACK } from "./output.ts";
import type { Source } from "./source.ts";

/** A range of a buffer, followed by at least `SLACK` further bytes. */
export interface Literals {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly start: number;
  readonly length: number;
}

/** Decodes the literals of one block after the other, keeping the Huffman table between them. */
export class LiteralsDecoder {
  /** The table for the next section without a tree of its own; null before the first tree. */
  table: HuffmanTable | null = null;
  readonly #bytes = new Uint8Array(MAX_BLOCK_BYTES + SLACK);
  readonly #view = new DataView(this.#bytes.buffer);

  /** Reads the section at the front of a block. The result is valid until the next call. */
  read(source: Source, output: Output): Literals {
    const first = source.u8();
    const type = first & 3;
    const format = (first >> 2) & 3;
    if (type < 2) {
      // Raw or run-length: one size of 5, 12 or 20 bits.
      let length = first >> 3;
      if (format === 1) length = (first >> 4) + source.u8() * 2 ** 4;
      if (format === 3) length = (first >> 4) + source.u16() * 2 ** 4;
      this.#check(length, output);
      if (type === 0) {
        return { bytes: source.bytes, view: source.view, start: source.skip(length), length };
      }
      this.#bytes.fill(source.u8(), 0, length);
      return this.#decoded(length);
    }
    // Two sizes, of 10, 14 or 18 bits each, above the four bits of type and format.
    const bits = format < 2 ? 10 : format === 2 ? 14 : 18;
    const rest = bits === 10 ? source.u16() : bits === 14 ? source.u24() : source.u32();
    const sizes = (first >> 4) + rest * 2 ** 4;
    const length = sizes % 2 ** bits;
    const compressedLength = Math.floor(sizes / 2 ** bits);
    this.#check(length, output);
    const section = source.section(compressedLength);
    if (type === 2) this.table = readHuffmanTable(section);
    if (this.table === null) {
      throw corrupt("got literals that repeat a Huffman table, expected an earlier table");
    }
    if (format === 0) {
      decodeHuffmanStream(section, this.table, this.#bytes, 0, length);
    } else {
      this.#readFourStreams(section, this.table, length);
    }
    return this.#decoded(length);
  }

  /** Four streams of a quarter each, after the sizes of the first three (3.1.1.3.1.6). */
  #readFourStreams(section: Source, table: HuffmanTable, length: number): void {
    const quarter = (length + 3) >> 2;
    if (3 * quarter > length) {
      throw corrupt(`got four streams of literals for ${length} bytes, expected one`);
    }
    const sizes = [section.u16(), section.u16(), section.u16()];
    let at = 0;
    for (const size of sizes) {
      decodeHuffmanStream(section.section(size), table, this.#bytes, at, at + quarter);
      at += quarter;
    }
    decodeHuffmanStream(section, table, this.#bytes, at, length);
  }

  #check(length: number, output: Output): void {
    if (length > output.blockLimit) {
      throw corrupt(`got ${length} literals, expected at most ${output.blockLimit}`);
    }
  }

  #decoded(length: number): Literals {
    return { bytes: this.#bytes, view: this.#view, start: 0, length };
  }
}
