/**
 * Validates the shape of DAG-CBOR before it is decoded. A decoder allocates arrays of the declared length;
 * with nested arrays, 30 kB can declare 1.3 GB. Nothing is allocated here: items are counted against the
 * available bytes, and depth and floats are found on the way.
 */

import { ARRAY, BYTES, MAP, SIMPLE, TAG, TEXT } from "./major_type.ts";

/**
 * The faults:
 * - `truncated`: more items are declared than the bytes can hold;
 * - `trailing`: there are bytes after the item;
 * - `depth`: arrays and maps are nested deeper than allowed;
 * - `float`: there is a number with a fraction or an exponent;
 * - `items`: there are more items than allowed;
 * - `invalid`: it is not DAG-CBOR.
 */
export type CborFault = "truncated" | "trailing" | "depth" | "float" | "items" | "invalid";

/** The bytes are not exactly one DAG-CBOR item. */
export class CborError extends Error {
  override readonly name = "CborError";

  constructor(readonly fault: CborFault, message: string) {
    super(`cannot decode CBOR: ${message}`);
  }
}

export interface CborBounds {
  /** Nesting of arrays and maps; the outermost counts as 1. */
  readonly depthMax: number;
  /** Total items, including keys of maps: an array of a million numbers takes 8 MB. Default: any. */
  readonly itemsMax?: number;
  /**
   * AT Protocol's data model has no floats, so they are refused unless this is true. Records of the app have
   * them, in places and weights: their readers allow them.
   */
  readonly floats?: boolean;
}

/** Checks that the bytes are the shape of exactly one item. Throws a `CborError`. */
export function checkCbor(bytes: Uint8Array, bounds: CborBounds): void {
  const end = cborEnd(bytes, bounds);
  if (end === bytes.length) return;
  throw new CborError("trailing", `got ${bytes.length - end} bytes after the item, expected none`);
}

/** Index after the first item. Throws a `CborError`. Canonical order and UTF-8 are left to the decoder. */
export function cborEnd(bytes: Uint8Array, bounds: CborBounds): number {
  const { depthMax, itemsMax = Infinity, floats = false } = bounds;
  /** For each open array or map, the number of missing items. */
  const lacking: number[] = [];
  /** Their sum plus the next item: each takes at least one byte. */
  let pending = 1;
  let read = 0;
  let at = 0;
  while (pending > 0) {
    if (pending > bytes.length - at) {
      throw new CborError("truncated", `got ${bytes.length - at} bytes for ${pending} items`);
    }
    if (read + pending > itemsMax) {
      throw new CborError("items", `got more than ${itemsMax} items, expected no more`);
    }
    const head = bytes[at]!;
    const type = head >> 5;
    const info = head & 31;
    if (info > 27) throw new CborError("invalid", "got an indefinite or reserved length");
    at++;
    let argument = info;
    if (info > 23) {
      const width = 1 << (info - 24);
      if (width > bytes.length - at) throw new CborError("truncated", "got half an item");
      argument = 0;
      for (let i = 0; i < width; i++) argument = argument * 256 + bytes[at + i]!;
      at += width;
    }
    // A tag precedes its item, which is still pending.
    if (type === TAG) continue;
    pending--;
    read++;
    if (lacking.length > 0) lacking[lacking.length - 1]!--;
    if (type === BYTES || type === TEXT) {
      if (argument > bytes.length - at) {
        throw new CborError("truncated", `got ${bytes.length - at} bytes of ${argument}`);
      }
      at += argument;
    } else if (type === ARRAY || type === MAP) {
      const items = type === MAP ? 2 * argument : argument;
      if (lacking.length >= depthMax) {
        throw new CborError("depth", `got more than ${depthMax} levels, expected no more`);
      }
      lacking.push(items);
      pending += items;
    } else if (type === SIMPLE && info > 24) {
      if (info !== 27) throw new CborError("invalid", "got a float of 16 or 32 bits");
      if (!floats) throw new CborError("float", "got a float, expected none");
    }
    while (lacking.length > 0 && lacking[lacking.length - 1] === 0) lacking.pop();
  }
  return at;
}
