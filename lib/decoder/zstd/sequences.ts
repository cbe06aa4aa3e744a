/** The sequences section of a compressed block (RFC 8878 section 3.1.1.3.2): its header and tables. */

import { corrupt } from "./zstd_error.ts";
import { buildFseTable, type FseTable, readFseTable, singleSymbolTable } from "./fse.ts";
import type { Source } from "./source.ts";

/** The constants of one of the three kinds of codes (sections 3.1.1.3.2.1.1 and 3.1.1.3.2.2). */
interface CodeKind {
  readonly name: string;
  readonly maxSymbol: number;
  readonly maxAccuracyLog: number;
  readonly predefined: FseTable;
}

export const LITERAL_LENGTHS: CodeKind = {
  name: "literal lengths",
  maxSymbol: 35,
  maxAccuracyLog: 9,
  predefined: buildFseTable(
    // deno-fmt-ignore
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
      -1, -1, -1, -1],
    6,
  ),
};

export const OFFSETS: CodeKind = {
  name: "offsets",
  maxSymbol: 31,
  maxAccuracyLog: 8,
  predefined: buildFseTable(
    // deno-fmt-ignore
    [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
    5,
  ),
};

export const MATCH_LENGTHS: CodeKind = {
  name: "match lengths",
  maxSymbol: 52,
  maxAccuracyLog: 9,
  predefined: buildFseTable(
    // deno-fmt-ignore
    [1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1],
    6,
  ),
};

/** The tables for reading a block's sequences. Null: there is no table yet that could be repeated. */
export interface SequenceTables {
  literalLengths: FseTable | null;
  offsets: FseTable | null;
  matchLengths: FseTable | null;
}

/** The header of a section, after its tables were read. `source` is at the start of the bitstream. */
export interface SequencesHeader {
  readonly count: number;
  readonly literalLengths: FseTable;
  readonly offsets: FseTable;
  readonly matchLengths: FseTable;
}

/** Reads the header. Replaces `tables`, those of the previous block, by those of this block. */
export function readSequencesHeader(
  source: Source,
  tables: SequenceTables,
): SequencesHeader | null {
  let count = source.u8();
  if (count === 0) {
    if (source.remaining > 0) {
      throw corrupt(`got ${source.remaining} bytes after no sequences, expected none`);
    }
    return null;
  }
  if (count === 255) count = source.u16() + 0x7f00;
  else if (count >= 128) count = ((count - 128) << 8) + source.u8();
  const modes = source.u8();
  if ((modes & 3) !== 0) throw corrupt("got reserved compression modes, expected 0");
  const literalLengths = readTable(source, modes >> 6, LITERAL_LENGTHS, tables.literalLengths);
  const offsets = readTable(source, (modes >> 4) & 3, OFFSETS, tables.offsets);
  const matchLengths = readTable(source, (modes >> 2) & 3, MATCH_LENGTHS, tables.matchLengths);
  tables.literalLengths = literalLengths;
  tables.offsets = offsets;
  tables.matchLengths = matchLengths;
  return { count, literalLengths, offsets, matchLengths };
}

/** One table, by its mode: predefined, one symbol, described, or the previous block's. */
function readTable(
  source: Source,
  mode: number,
  kind: CodeKind,
  before: FseTable | null,
): FseTable {
  if (mode === 0) return kind.predefined;
  if (mode === 1) {
    const symbol = source.u8();
    if (symbol > kind.maxSymbol) {
      throw corrupt(`got ${kind.name} code ${symbol}, expected at most ${kind.maxSymbol}`);
    }
    return singleSymbolTable(symbol);
  }
  if (mode === 2) return readFseTable(source, kind.maxAccuracyLog, kind.maxSymbol);
  if (before === null) {
    throw corrupt(`got a repeated table of ${kind.name}, expected an earlier table`);
  }
  return before;
}
