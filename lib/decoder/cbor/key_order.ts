/**
 * CBOR maps whose keys are in another order than DAG-CBOR's. Frames of some servers begin with `{op, t}`,
 * where the canonical order is `{t, op}`; their meaning is clear nevertheless.
 */

import { decode } from "@atcute/cbor";
import { cborEnd } from "./check_cbor.ts";

/**
 * Decodes one item, with the keys of its maps in any order. For frames only: a record in another order does
 * not hash to its CID. The caller has validated shape and depth (`checkCbor`).
 *
 * Throws on anything else that is not DAG-CBOR, including repeated keys.
 */
export function decodeAnyOrder(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch {
    return decode(ordered(bytes));
  }
}

const ARRAY = 4;
const MAP = 5;

/** The same item with the keys of every map in canonical order. */
function ordered(item: Uint8Array): Uint8Array {
  const type = (item[0] ?? 0) >> 5;
  if (type !== ARRAY && type !== MAP) return item;
  const { count, bytes: headBytes } = headOf(item);
  const parts: Uint8Array[] = [];
  let at = headBytes;
  const next = (): Uint8Array => {
    const rest = item.subarray(at);
    const part = rest.subarray(0, cborEnd(rest, UNBOUNDED));
    at += part.length;
    return part;
  };
  if (type === ARRAY) {
    for (let index = 0; index < count; index++) parts.push(ordered(next()));
  } else {
    const entries = Array.from({ length: count }, () => ({ key: next(), value: next() }));
    entries.sort((one, two) => compareKeys(one.key, two.key));
    for (const { key, value } of entries) parts.push(key, ordered(value));
  }
  return joined(item.subarray(0, headBytes), parts);
}

const UNBOUNDED = { depthMax: Infinity, floats: true };

/** How many items or entries an array or a map declares, and the length of its head. */
function headOf(item: Uint8Array): { readonly count: number; readonly bytes: number } {
  const info = (item[0] ?? 0) & 31;
  if (info < 24) return { count: info, bytes: 1 };
  const width = 1 << (info - 24);
  let count = 0;
  for (let at = 1; at <= width; at++) count = count * 256 + (item[at] ?? 0);
  return { count, bytes: 1 + width };
}

/** Shorter keys first, then by bytes. */
function compareKeys(one: Uint8Array, two: Uint8Array): number {
  if (one.length !== two.length) return one.length - two.length;
  const at = one.findIndex((byte, index) => byte !== two[index]);
  return at === -1 ? 0 : one[at]! - two[at]!;
}

function joined(head: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, head.length));
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
