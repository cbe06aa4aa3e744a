/**
 * Executes the sequences of a block: each copies some literals, then a match from earlier output (RFC 8878
 * sections 3.1.1.3.2 and 3.1.1.4). This loop and the one for Huffman streams take most of the time: their
 * state is in local variables, not in objects.
 */

import { corrupt } from "./zstd_error.ts";
import type { Literals } from "./literals.ts";
import type { Output } from "./output.ts";
import type { SequencesHeader } from "./sequences.ts";
import { backwardStart, bitsAt, type Source } from "./source.ts";

// deno-fmt-ignore
const LITERAL_LENGTH_BASE = Uint32Array.of(
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128,
  256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
);
// deno-fmt-ignore
const LITERAL_LENGTH_BITS = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12,
  13, 14, 15, 16,
);
// deno-fmt-ignore
const MATCH_LENGTH_BASE = Uint32Array.of(
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
  30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099,
  8195, 16387, 32771, 65539,
);
// deno-fmt-ignore
const MATCH_LENGTH_BITS = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
);

/** From here on the call of `copyWithin` costs less than the loop. */
const LONG_COPY_BYTES = 128;

/** The last three offsets, which a sequence may use again (section 3.1.1.5). */
export type RepeatedOffsets = [number, number, number];

/** Executes all sequences of a block, and appends the remaining literals. */
export function executeSequences(
  source: Source,
  header: SequencesHeader | null,
  literals: Literals,
  repeated: RepeatedOffsets,
  output: Output,
): void {
  const { bytes, view: outputView } = output;
  const blockEnd = output.position + output.blockLimit;
  const literalsEnd = literals.start + literals.length;
  let literal = literals.start;
  let out = output.position;
  if (header !== null) {
    const { view } = source;
    const floor = source.position * 8;
    const lengthCells = header.literalLengths.cells;
    const offsetCells = header.offsets.cells;
    const matchCells = header.matchLengths.cells;
    let position = backwardStart(source) - header.literalLengths.accuracyLog;
    let lengthState = bitsAt(view, position, header.literalLengths.accuracyLog);
    position -= header.offsets.accuracyLog;
    let offsetState = bitsAt(view, position, header.offsets.accuracyLog);
    position -= header.matchLengths.accuracyLog;
    let matchState = bitsAt(view, position, header.matchLengths.accuracyLog);
    let [offset1, offset2, offset3] = repeated;

    for (let left = header.count; left > 0; left--) {
      const lengthCell = lengthCells[lengthState]!;
      const offsetCell = offsetCells[offsetState]!;
      const matchCell = matchCells[matchState]!;

      const offsetBits = offsetCell & 255;
      position -= offsetBits;
      let offset = offsetBits <= 25
        ? bitsAt(view, position, offsetBits) + (1 << offsetBits)
        : longOffset(view, position, offsetBits);
      const matchCode = matchCell & 255;
      const matchBits = MATCH_LENGTH_BITS[matchCode]!;
      position -= matchBits;
      const matchLength = MATCH_LENGTH_BASE[matchCode]! + bitsAt(view, position, matchBits);
      const lengthCode = lengthCell & 255;
      const lengthBits = LITERAL_LENGTH_BITS[lengthCode]!;
      position -= lengthBits;
      const literalLength = LITERAL_LENGTH_BASE[lengthCode]! + bitsAt(view, position, lengthBits);

      // After the last sequence there is no next state.
      if (left > 1) {
        let bits = (lengthCell >>> 8) & 255;
        position -= bits;
        lengthState = (lengthCell >>> 16) + bitsAt(view, position, bits);
        bits = (matchCell >>> 8) & 255;
        position -= bits;
        matchState = (matchCell >>> 16) + bitsAt(view, position, bits);
        bits = (offsetCell >>> 8) & 255;
        position -= bits;
        offsetState = (offsetCell >>> 16) + bitsAt(view, position, bits);
      }
      if (position < floor) throw corrupt("got fewer bits than the sequences take");

      // Values 1 to 3 name an offset used before, shifted by one when there are no literals.
      if (offset > 3) {
        offset -= 3;
        offset3 = offset2;
        offset2 = offset1;
        offset1 = offset;
      } else {
        const index = offset - (literalLength === 0 ? 0 : 1);
        if (index === 0) {
          offset = offset1;
        } else {
          offset = index === 1 ? offset2 : index === 2 ? offset3 : offset1 - 1;
          if (index > 1) offset3 = offset2;
          offset2 = offset1;
          offset1 = offset;
        }
      }

      if (out + literalLength + matchLength > blockEnd) {
        throw corrupt(`got a block of more than ${output.blockLimit} bytes, expected no more`);
      }
      if (literalLength > literalsEnd - literal) {
        throw corrupt("got sequences that use more literals than there are");
      }
      copyAcross(literals.view, literal, outputView, out, literalLength);
      literal += literalLength;
      out += literalLength;

      const from = out - offset;
      if (offset === 0 || from < output.floor) {
        throw corrupt(`got a match ${offset} bytes back, expected at most ${out - output.floor}`);
      }
      if (offset >= 4 && matchLength < LONG_COPY_BYTES) {
        copyAcross(outputView, from, outputView, out, matchLength);
      } else if (offset >= matchLength) {
        bytes.copyWithin(out, from, from + matchLength);
      } else {
        // The match overlaps itself: its beginning is repeated.
        for (let i = 0; i < matchLength; i++) bytes[out + i] = bytes[from + i]!;
      }
      out += matchLength;
    }
    if (position !== floor) throw corrupt("got more bits than the sequences take");
    repeated[0] = offset1;
    repeated[1] = offset2;
    repeated[2] = offset3;
  }
  output.position = out;
  const rest = literalsEnd - literal;
  if (out + rest > blockEnd) {
    throw corrupt(`got a block of more than ${output.blockLimit} bytes, expected no more`);
  }
  output.append(literals.bytes, literal, rest);
}

/** An offset of more bits than are read at once. */
function longOffset(view: DataView, position: number, count: number): number {
  return bitsAt(view, position + 16, count - 16) * 2 ** 16 + bitsAt(view, position, 16) +
    2 ** count;
}

/**
 * Copies four bytes at a time, and so up to three more than requested. Both buffers have space for them,
 * and the next copy overwrites them.
 */
function copyAcross(
  from: DataView,
  fromAt: number,
  to: DataView,
  toAt: number,
  length: number,
): void {
  for (let i = 0; i < length; i += 4) {
    to.setUint32(toAt + i, from.getUint32(fromAt + i, true), true);
  }
}
