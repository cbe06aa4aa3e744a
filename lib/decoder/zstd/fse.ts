/**
 * Finite State Entropy (RFC 8878 section 4.1). A table has one cell for each state, with the symbol of
 * the state, and how to compute the next state from the following bits.
 */

import { corrupt } from "./zstd_error.ts";
import { bitsAt, highestBit, type Source } from "./source.ts";

export interface FseTable {
  /** The table has 2^accuracyLog cells. */
  readonly accuracyLog: number;
  /** `symbol | bits << 8 | base << 16`: the next state is base + the value of that many bits. */
  readonly cells: Uint32Array;
}

/** The table for a stream of one symbol, which takes no bits. */
export function singleSymbolTable(symbol: number): FseTable {
  return { accuracyLog: 0, cells: Uint32Array.of(symbol) };
}

/**
 * Reads a table description (section 4.1.1) and builds its table. `maxAccuracyLog` and `maxSymbol` are the
 * limits for this kind of table.
 */
export function readFseTable(source: Source, maxAccuracyLog: number, maxSymbol: number): FseTable {
  const { view } = source;
  const limit = source.end * 8;
  let position = source.position * 8;
  const accuracyLog = bitsAt(view, position, 4) + 5;
  position += 4;
  if (accuracyLog > maxAccuracyLog) {
    throw corrupt(`got an FSE accuracy log of ${accuracyLog}, expected at most ${maxAccuracyLog}`);
  }
  const probabilities: number[] = [];
  let left = 1 << accuracyLog;
  while (left > 0) {
    if (probabilities.length > maxSymbol) {
      throw corrupt(`got more FSE symbols than ${maxSymbol + 1}, expected no more`);
    }
    // Small values take one bit less, when the range of possible values allows that.
    const bits = highestBit(left + 1) + 1;
    const lowMask = (1 << (bits - 1)) - 1;
    const short = (1 << bits) - 1 - (left + 1);
    let value = bitsAt(view, position, bits);
    if ((value & lowMask) < short) {
      value &= lowMask;
      position += bits - 1;
    } else {
      if (value > lowMask) value -= short;
      position += bits;
    }
    const probability = value - 1;
    left -= Math.abs(probability);
    probabilities.push(probability);
    if (probability === 0) {
      // Two bits say how many more symbols have no probability; 3 says that another two follow.
      let repeat;
      do {
        repeat = bitsAt(view, position, 2);
        position += 2;
        for (let i = 0; i < repeat; i++) probabilities.push(0);
      } while (repeat === 3 && probabilities.length <= maxSymbol);
    }
    if (position > limit) throw corrupt("got an FSE table that exceeds its section");
  }
  if (left !== 0 || probabilities.length > maxSymbol + 1) {
    throw corrupt(`got FSE probabilities that don't add up to ${1 << accuracyLog}`);
  }
  source.position = (position + 7) >>> 3;
  return buildFseTable(probabilities, accuracyLog);
}

/** Spreads the symbols over the states (section 4.1.1); a probability of -1 means "less than 1". */
export function buildFseTable(probabilities: readonly number[], accuracyLog: number): FseTable {
  const size = 1 << accuracyLog;
  const cells = new Uint32Array(size);
  const nextOf = new Uint16Array(probabilities.length);
  let high = size;
  for (let symbol = 0; symbol < probabilities.length; symbol++) {
    if (probabilities[symbol] === -1) {
      cells[--high] = symbol;
      nextOf[symbol] = 1;
    }
  }
  const step = (size >> 1) + (size >> 3) + 3;
  const mask = size - 1;
  let state = 0;
  for (let symbol = 0; symbol < probabilities.length; symbol++) {
    const probability = probabilities[symbol]!;
    if (probability <= 0) continue;
    nextOf[symbol] = probability;
    for (let i = 0; i < probability; i++) {
      cells[state] = symbol;
      do state = (state + step) & mask; while (state >= high);
    }
  }
  if (state !== 0) throw corrupt("got FSE probabilities that don't fill their table");
  for (let i = 0; i < size; i++) {
    const symbol = cells[i]!;
    const next = nextOf[symbol]!++;
    const bits = accuracyLog - highestBit(next);
    cells[i] = symbol | (bits << 8) | (((next << bits) - size) << 16);
  }
  return { accuracyLog, cells };
}
