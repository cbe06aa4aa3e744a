/**
 * zstd, RFC 8878, for untrusted frames: the output is bounded, nothing is allocated because a frame declares
 * it, and every fault ends in a `ZstdError`. Written for this program because no library supports
 * dictionaries on every supported runtime with the permissions of the executable.
 */

import { xxhash64Hex } from "./xxhash.ts";
import { type Dictionary, readDictionary } from "./dictionary.ts";
import { corrupt, ZstdError } from "./zstd_error.ts";
import { executeSequences, type RepeatedOffsets } from "./execute.ts";
import { type FrameHeader, readFrameHeader } from "./frame.ts";
import { LiteralsDecoder } from "./literals.ts";
import { Output } from "./output.ts";
import { readSequencesHeader, type SequenceTables } from "./sequences.ts";
import { MAX_INPUT_BYTES, Source } from "./source.ts";

export { dictionaryId } from "./dictionary.ts";
export { ZstdError } from "./zstd_error.ts";
export type { ZstdFault } from "./zstd_error.ts";
export { frameContentBytes } from "./frame.ts";

export interface ZstdOptions {
  /** A structured dictionary. Its tables are built once, here. */
  readonly dictionary?: Uint8Array;
  /** Output limit of one call. */
  readonly maxOutputBytes: number;
}

/** An input buffer that outgrows this is not kept for the next frame. */
const KEPT_INPUT_BYTES = 4 * 1024 * 1024;

/**
 * Decodes frames, one message after the other. It keeps its buffers between calls, some 400 kB and
 * the dictionary. Calls share no other state.
 */
export class ZstdDecoder {
  readonly #dictionary: Dictionary | null;
  readonly #output: Output;
  readonly #literals = new LiteralsDecoder();
  readonly #maxOutputBytes: number;
  #input: Source | undefined;

  /** Throws a `ZstdError` for an invalid dictionary. */
  constructor(options: ZstdOptions) {
    const { dictionary, maxOutputBytes } = options;
    this.#dictionary = dictionary === undefined ? null : readDictionary(dictionary);
    this.#maxOutputBytes = maxOutputBytes;
    this.#output = new Output(this.#dictionary?.content ?? new Uint8Array());
  }

  /**
   * The content of a message: one frame, or several one after the other, whose contents are joined.
   * A frame that names no dictionary is decoded without one. The result is a copy. Throws a
   * `ZstdError` and nothing else.
   */
  decode(data: Uint8Array): Uint8Array {
    if (data.length > MAX_INPUT_BYTES) {
      throw new ZstdError(
        "too_large",
        `cannot decode zstd: got ${data.length} bytes, expected at most ${MAX_INPUT_BYTES}`,
      );
    }
    const source = Source.over(data, this.#input);
    this.#input = data.length <= KEPT_INPUT_BYTES ? source : undefined;
    try {
      return this.#frames(source);
    } finally {
      this.#output.release();
    }
  }

  #frames(source: Source): Uint8Array {
    const contents: Uint8Array[] = [];
    let length = 0;
    do {
      const header = readFrameHeader(source);
      if (header === null) continue;
      this.#frame(source, header, this.#maxOutputBytes - length);
      const content = this.#output.take();
      contents.push(content);
      length += content.length;
    } while (source.remaining > 0);
    return contents.length === 1 ? contents[0]! : joined(contents, length);
  }

  #frame(source: Source, header: FrameHeader, maxBytes: number): void {
    const output = this.#output;
    const dictionary = this.#dictionaryOf(header);
    const { contentBytes } = header;
    if (contentBytes !== null && contentBytes > maxBytes) throw tooLarge(contentBytes, maxBytes);
    const tables: SequenceTables = { ...dictionary?.tables ?? NO_TABLES };
    const repeated: RepeatedOffsets = [...dictionary?.repeated ?? FIRST_OFFSETS];
    this.#literals.table = dictionary?.huffman ?? null;
    output.begin(header.windowBytes, dictionary !== null);
    // Section 3.1.1.2: the last block has a flag.
    let last = false;
    while (!last) {
      const block = source.u24();
      last = (block & 1) === 1;
      const type = (block >> 1) & 3;
      const size = block >> 3;
      output.reserveBlock();
      if (type === 0) output.append(source.bytes, source.skip(size), size);
      else if (type === 1) output.repeat(source.u8(), size);
      else if (type === 2) this.#compressedBlock(source.section(size), tables, repeated);
      else throw corrupt("got a block of the reserved type");
      if (output.length > maxBytes) throw tooLarge(output.length, maxBytes);
    }
    if (contentBytes !== null && contentBytes !== output.length) {
      throw corrupt(`got ${output.length} bytes, expected ${contentBytes} as declared`);
    }
    if (header.hasChecksum) checkSum(source.u32(), output.content());
  }

  #compressedBlock(source: Source, tables: SequenceTables, repeated: RepeatedOffsets): void {
    const literals = this.#literals.read(source, this.#output);
    const sequences = readSequencesHeader(source, tables);
    executeSequences(source, sequences, literals, repeated, this.#output);
  }

  #dictionaryOf(header: FrameHeader): Dictionary | null {
    if (header.dictionaryId === 0) return null;
    if (this.#dictionary?.id === header.dictionaryId) return this.#dictionary;
    const own = this.#dictionary === null ? "none" : `dictionary ${this.#dictionary.id}`;
    throw new ZstdError(
      "dictionary",
      `cannot decode zstd: got a frame for dictionary ${header.dictionaryId}, expected ${own}`,
    );
  }
}

const NO_TABLES: SequenceTables = { literalLengths: null, offsets: null, matchLengths: null };

/** The initial repeated offsets, unless a dictionary sets others (section 3.1.1.5). */
const FIRST_OFFSETS: Readonly<RepeatedOffsets> = [1, 4, 8];

/** The checksum is the low half of the content's XXH64 (section 3.1.1). */
function checkSum(expected: number, content: Uint8Array): void {
  const sum = parseInt(xxhash64Hex(content).slice(8), 16);
  if (sum !== expected) throw corrupt("got content that doesn't agree with its checksum");
}

function tooLarge(bytes: number, maxBytes: number): ZstdError {
  return new ZstdError(
    "too_large",
    `cannot decode zstd: got at least ${bytes} bytes, expected at most ${maxBytes}`,
  );
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
