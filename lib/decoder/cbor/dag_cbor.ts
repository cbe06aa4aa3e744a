/**
 * DAG-CBOR to AT Protocol's JSON: a CID link becomes `{"$link": text}`, bytes become `{"$bytes": base64
 * without padding}`. The library is strict about canonical form and doesn't recurse; numbers with a fraction
 * are allowed, because the app's locations have them.
 */

import { BytesWrapper, CidLinkWrapper, decode } from "@atcute/cbor";
import { checkCbor } from "./check_cbor.ts";
import { withoutForeignItems } from "./foreign_items.ts";

/**
 * Decodes exactly one item. `depthMax` is the deepest level that is read: links and bytes below it are not
 * converted, because such a deep record is rejected anyway. Throws on anything that is not canonical
 * DAG-CBOR.
 */
export function jsonFromCbor(bytes: Uint8Array, depthMax: number): unknown {
  checkCbor(bytes, { depthMax: Infinity, floats: true });
  return jsonFromCheckedCbor(bytes, depthMax);
}

/**
 * The same of bytes that `checkCbor` has accepted: the library allocates arrays of the declared length, and the
 * check bounds their sum by the number of bytes.
 */
export function jsonFromCheckedCbor(bytes: Uint8Array, depthMax: number): unknown {
  return toJson(decodeAll(bytes), depthMax);
}

/**
 * The library supports only links and integers that AT Protocol allows. Other legal items take a second pass.
 */
function decodeAll(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    const known = withoutForeignItems(bytes);
    if (known === null) throw error;
    return decode(known);
  }
}

/** Replaces in place: the value was just decoded and is not shared. */
function toJson(value: unknown, depthLeft: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof CidLinkWrapper) return { $link: value.$link };
  if (value instanceof BytesWrapper) return { $bytes: value.$bytes };
  if (depthLeft === 0) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      value[index] = toJson(value[index], depthLeft - 1);
    }
    return value;
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
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
