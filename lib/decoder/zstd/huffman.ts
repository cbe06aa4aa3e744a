/** Huffman codes of literals (RFC 8878 section 4.2): the tree as a table, and streams read with it. */

import { corrupt } from "./zstd_error.ts";
import { readFseTable } from "./fse.ts";
import { backwardStart, bitsAt, highestBit, type Source } from "./source.ts";

/** No literal's code is longer (section 4.2.1). */
const MAX_CODE_BITS = 11;
const MAX_WEIGHT_ACCURACY_LOG = 6;

export interface HuffmanTable {
  /** The table has 2^maxBits cells, one for each value of the next maxBits bits. */
  readonly maxBits: number;
  /** `symbol | length of its code << 8`. */
  readonly cells: Uint16Array;
}

/** Reads a tree description (section 4.2.1). */
export function readHuffmanTable(source: Source): HuffmanTable {
  const header = source.u8();
  const weights = header < 128
    ? readCompressedWeights(source.section(header))
    : readPlainWeights(source, header - 127);
  return buildTable(weights);
}

/** Weights of four bits each (section 4.2.1.1). */
function readPlainWeights(source: Source, count: number): number[] {
  const start = source.skip((count + 1) >> 1);
  const weights: number[] = [];
  for (let i = 0; i < count; i++) {
    const pair = source.bytes[start + (i >> 1)]!;
    weights.push(i % 2 === 0 ? pair >> 4 : pair & 15);
  }
  return weights;
}

/** Weights that are compressed with FSE, decoded by two alternating states (section 4.2.1.2). */
function readCompressedWeights(source: Source): number[] {
  const { accuracyLog, cells } = readFseTable(source, MAX_WEIGHT_ACCURACY_LOG, MAX_CODE_BITS);
  const { view } = source;
  const floor = source.position * 8;
  let position = backwardStart(source) - 2 * accuracyLog;
  if (position < floor) throw corrupt("got no Huffman weights, expected at least two");
  let cell = cells[bitsAt(view, position + accuracyLog, accuracyLog)]!;
  let other = cells[bitsAt(view, position, accuracyLog)]!;
  const weights: number[] = [];
  // The end is reached when a state needs more bits than remain. The other state then gives the last weight.
  while (weights.length < 255) {
    weights.push(cell & 255);
    const bits = (cell >> 8) & 255;
    position -= bits;
    if (position < floor) {
      weights.push(other & 255);
      return weights;
    }
    const next = cells[(cell >>> 16) + bitsAt(view, position, bits)]!;
    cell = other;
    other = next;
  }
  throw corrupt("got more Huffman weights than 255, expected no more");
}

/**
 * Codes from weights (section 4.2.1.3). The weight of the last symbol completes the sum to a power of two.
 * Codes are assigned from the longest to the shortest, in the order of symbols.
 */
function buildTable(weights: number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) sum += weight === 0 ? 0 : 1 << (weight - 1);
  const maxBits = sum === 0 ? 0 : highestBit(sum) + 1;
  const missing = (1 << maxBits) - sum;
  if (sum === 0 || maxBits > MAX_CODE_BITS || (missing & (missing - 1)) !== 0) {
    throw corrupt("got Huffman weights that make no complete code");
  }
  weights.push(highestBit(missing) + 1);
  const startOf = new Uint16Array(MAX_CODE_BITS + 2);
  for (const weight of weights) {
    if (weight > 0) startOf[weight + 1]! += 1 << (weight - 1);
  }
  for (let weight = 1; weight < startOf.length; weight++) startOf[weight]! += startOf[weight - 1]!;
  const cells = new Uint16Array(1 << maxBits);
  for (let symbol = 0; symbol < weights.length; symbol++) {
    const weight = weights[symbol]!;
    if (weight === 0) continue;
    const start = startOf[weight]!;
    startOf[weight] = start + (1 << (weight - 1));
    cells.fill(symbol | ((maxBits + 1 - weight) << 8), start, startOf[weight]);
  }
  return { maxBits, cells };
}

/** Decodes one stream (section 4.2.2) into `output[from…to)`, which it must fill exactly. */
export function decodeHuffmanStream(
  source: Source,
  table: HuffmanTable,
  output: Uint8Array,
  from: number,
  to: number,
): void {
  const { view } = source;
  const { cells, maxBits } = table;
  const floor = source.position * 8;
  const mask = (1 << maxBits) - 1;
  const pairShift = 2 * MAX_CODE_BITS - maxBits;
  let position = backwardStart(source);
  let at = from;
  // One load of 25 bits holds two codes. Bits below the floor don't change the length of a code, so a stream
  // that ends too early is detected by a position below the floor.
  for (; at + 1 < to && position >= floor; at += 2) {
    const start = position - 2 * MAX_CODE_BITS;
    const word = view.getUint32(start >>> 3, true) >>> (start & 7);
    const first = cells[(word >>> pairShift) & mask]!;
    const second = cells[(word >>> (pairShift - (first >> 8))) & mask]!;
    output[at] = first;
    output[at + 1] = second;
    position -= (first >> 8) + (second >> 8);
  }
  if (at < to && position >= floor) {
    const cell = cells[bitsAt(view, position - maxBits, maxBits)]!;
    output[at] = cell;
    position -= cell >> 8;
  }
  if (position !== floor) {
    throw corrupt("got a Huffman stream of another length, expected it to fill its literals");
  }
}
