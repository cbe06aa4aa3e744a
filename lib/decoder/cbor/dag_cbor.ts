/**
 * DAG-CBOR to AT Protocol's JSON: a CID link becomes `{"$link": text}`, bytes become
 * `{"$bytes": base64 without padding}`. The library is strict about canonical form and doesn't
 * recurse; numbers with a fraction pass, because the app's locations have them.
 */

import { BytesWrapper, CidLinkWrapper, decode } from "@atcute/cbor";
import { checkCbor } from "./shape.ts";
import { withoutForeignItems } from "./foreign_items.ts";

/**
 * Decodes exactly one item. `depthMax` is the deepest level at which anything will be read: links
 * and bytes below it stay as the library has them, and a record that reaches so deep is refused
 * anyway. Throws on anything that is not canonical DAG-CBOR.
 */
export function jsonFromCbor(bytes: Uint8Array, depthMax: number): unknown {
  // The library makes arrays as long as they say they are; this bounds the sum of them by the bytes.
  checkCbor(bytes, { depthMax: Infinity, floats: true });
  return toJson(decodeAll(bytes), depthMax);
}

/** The library knows the links and integers that AT Protocol allows. What else is legal takes a second look. */
function decodeAll(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    const known = withoutForeignItems(bytes);
    if (known === null) throw error;
    return decode(known);
  }
}

/** Replaces in place: the value was just decoded and belongs to no one else. */
function toJson(value: unknown, depthLeft: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof CidLinkWrapper) return { $link: value.$link };
  if (value instanceof BytesWrapper) return { $bytes: value.$bytes };
  if (depthLeft === 0) return value;
  for (const [key, item] of Object.entries(value)) {
    const json = toJson(item, depthLeft - 1);
    // Defined, not assigned: a key `__proto__` must stay a key.
    if (json !== item) {
      Object.defineProperty(value, key, {
        value: json,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    }
  }
  return value;
}
