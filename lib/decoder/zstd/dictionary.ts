/** Dictionaries (RFC 8878 section 5): the initial state of a frame, and content that matches can refer to. */

import { corrupt, ZstdError } from "./zstd_error.ts";
import type { RepeatedOffsets } from "./execute.ts";
import { readFseTable } from "./fse.ts";
import { type HuffmanTable, readHuffmanTable } from "./huffman.ts";
import { LITERAL_LENGTHS, MATCH_LENGTHS, OFFSETS, type SequenceTables } from "./sequences.ts";
import { Source } from "./source.ts";

const MAGIC = 0xec30a437;

export interface Dictionary {
  /** Never 0, which in a frame means that it needs no dictionary. */
  readonly id: number;
  readonly huffman: HuffmanTable;
  readonly tables: Readonly<SequenceTables>;
  readonly repeated: Readonly<RepeatedOffsets>;
  readonly content: Uint8Array;
}

/** Reads a dictionary and builds its tables, once for all frames. Throws a `ZstdError`. */
export function readDictionary(bytes: Uint8Array): Dictionary {
  const source = Source.over(bytes);
  const id = readId(source);
  const huffman = readHuffmanTable(source);
  const offsets = readFseTable(source, OFFSETS.maxAccuracyLog, OFFSETS.maxSymbol);
  const matchLengths = readFseTable(source, MATCH_LENGTHS.maxAccuracyLog, MATCH_LENGTHS.maxSymbol);
  const literalLengths = readFseTable(
    source,
    LITERAL_LENGTHS.maxAccuracyLog,
    LITERAL_LENGTHS.maxSymbol,
  );
  const repeated: RepeatedOffsets = [source.u32(), source.u32(), source.u32()];
  const content = source.bytes.slice(source.position, source.end);
  for (const offset of repeated) {
    if (offset === 0 || offset > content.length) {
      throw corrupt(`got a dictionary offset of ${offset}, expected 1 to ${content.length}`);
    }
  }
  return { id, huffman, tables: { literalLengths, offsets, matchLengths }, repeated, content };
}

/** The ID of a dictionary. Throws a `ZstdError` when the bytes are not a dictionary with an ID. */
export function dictionaryId(bytes: Uint8Array): number {
  return readId(Source.over(bytes.subarray(0, 8)));
}

function readId(source: Source): number {
  if (source.u32() !== MAGIC) {
    throw new ZstdError("corrupt", "cannot read a zstd dictionary: got other bytes than its magic");
  }
  const id = source.u32();
  if (id === 0) throw corrupt("got dictionary ID 0, expected another");
  return id;
}
