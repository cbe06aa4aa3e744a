/**
 * Size limits of messages and records, and what a record may contain. All later stages rely on them:
 * recursion over a record is bounded, and Postgres can store all of its texts and numbers.
 */

import type { Refusal } from "./event.ts";
import type { JsonObject } from "./json.ts";

/** Bounds on one message and one record. */
export interface Limits {
  /** Bytes of a whole message, as UTF-8. */
  readonly messageBytes: number;
  /** Bytes of a record as compact JSON in UTF-8. */
  readonly recordBytes: number;
  /** Nesting of objects and arrays; the record itself counts as 1. */
  readonly recordDepth: number;
  /** Values in a record, objects and arrays included. */
  readonly recordValues: number;
}

/**
 * A repository's commit holds at most 2,000,000 bytes, and real records have a few hundred to a few thousand,
 * so these are far above normal use.
 */
export const DEFAULT_LIMITS: Limits = {
  messageBytes: 8 * 1024 * 1024,
  recordBytes: 1024 * 1024,
  recordDepth: 64,
  recordValues: 100_000,
};

/**
 * A byte of the wire becomes at most this many bytes of JSON: `false` is one byte of CBOR, a control
 * character six of JSON, and `1e15` grows fourfold. Smaller messages need no measuring.
 */
const GROWTH_MAX = 8;

/** Refuses a message that is too large. */
export function messageRefusal(message: string | Uint8Array, limits: Limits): Refusal | null {
  const units = message.length;
  // A JavaScript character is one to three bytes of UTF-8, so most texts need no counting.
  const size = typeof message === "string" && units <= limits.messageBytes &&
      units * 3 > limits.messageBytes
    ? byteLength(message)
    : units;
  if (size <= limits.messageBytes) return null;
  return {
    reason: "message_too_large",
    detail: `the message has over ${limits.messageBytes} bytes`,
  };
}

/** Approximate memory of a record, or the reason to refuse it. */
export type Measured =
  | { readonly refusal: null; readonly bytes: number }
  | { readonly refusal: Refusal };

/** Overhead of a value: its slot and its header. Measured for each kind in V8's heap. */
const VALUE_BYTES = 32;
const LIST_BYTES = 16;
/** Overhead of an object whose keys no other object has: a hidden class of its own. */
const OBJECT_BYTES = 160;
/** Overhead of a key: its entry in the hidden class, or in the table of an object with many keys. */
const KEY_BYTES = 48;
/** Overhead of a numeric key: V8 allocates elements up to it, nine times as many as there are such keys. */
const NUMBER_KEY_BYTES = 128;
/** A text takes no more. */
const CHARACTER_BYTES = 2;

/**
 * Refuses a record that later stages could not hold: too deep, too large, or with text that Postgres can't
 * store (U+0000, lone surrogates).
 *
 * `wireBytes` is the length of the data that the record was decoded from, or of its surroundings. `isExact`:
 * no number has lost digits. Otherwise a number beyond 2^53 may have, and the result is `LOST_DIGITS` unless
 * something else is wrong.
 */
export function measureRecord(
  record: JsonObject,
  wireBytes: number,
  limits: Limits,
  isExact: boolean,
): Measured {
  const walk: Walk = { values: 0, characters: 0, otherBytes: 0, lostDigits: false, limits };
  let refusal = refuse(record, 1, walk) ?? (walk.lostDigits && !isExact ? LOST_DIGITS : null);
  // Only now: `JSON.stringify` recurses, and the walk has bounded the depth.
  const isLarge = wireBytes * GROWTH_MAX > limits.recordBytes;
  if (refusal === null && isLarge && byteLength(JSON.stringify(record)) > limits.recordBytes) {
    const detail = `the record has over ${limits.recordBytes} bytes of JSON`;
    refusal = { reason: "record_too_large", detail };
  }
  if (refusal !== null) return { refusal };
  const textBytes = walk.characters * CHARACTER_BYTES;
  return { refusal, bytes: walk.values * VALUE_BYTES + textBytes + walk.otherBytes };
}

interface Walk {
  values: number;
  /** Whether some number is so large that parsing JSON may have lost digits. */
  lostDigits: boolean;
  /** Of all texts and keys. */
  characters: number;
  /** Of lists, objects and keys. */
  otherBytes: number;
  readonly limits: Limits;
}

/** Recursion is safe: it ends at `recordDepth`. */
function refuse(value: unknown, depth: number, walk: Walk): Refusal | null {
  if (++walk.values > walk.limits.recordValues) {
    return {
      reason: "record_too_large",
      detail: `the record has over ${walk.limits.recordValues} values`,
    };
  }
  if (typeof value === "string") {
    walk.characters += value.length;
    return isStorable(value) ? null : UNSTORABLE_TEXT;
  }
  if (typeof value === "number") {
    // Written so that NaN counts too.
    if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) walk.lostDigits = true;
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  if (depth > walk.limits.recordDepth) {
    return {
      reason: "record_too_deep",
      detail: `the record is nested deeper than ${walk.limits.recordDepth} levels`,
    };
  }
  if (Array.isArray(value)) {
    walk.otherBytes += LIST_BYTES;
    for (const item of value) {
      const refusal = refuse(item, depth + 1, walk);
      if (refusal !== null) return refusal;
    }
    return null;
  }
  walk.otherBytes += OBJECT_BYTES;
  for (const key in value) {
    walk.characters += key.length;
    walk.otherBytes += KEY_BYTES + (startsWithDigit(key) ? NUMBER_KEY_BYTES : 0);
    if (!isStorable(key)) return UNSTORABLE_TEXT;
    const refusal = refuse((value as JsonObject)[key], depth + 1, walk);
    if (refusal !== null) return refusal;
  }
  return null;
}

function startsWithDigit(key: string): boolean {
  const code = key.charCodeAt(0);
  return code >= 0x30 && code <= 0x39;
}

const UNSTORABLE_TEXT: Refusal = {
  reason: "unstorable_text",
  detail: "a text in the record holds U+0000 or half a surrogate pair",
};

/** The record has to be read again, with `readExactly`. */
export const LOST_DIGITS: Refusal = {
  reason: "unsafe_integer",
  detail: "a number in the record is beyond 2^53",
};

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

const encoder = new TextEncoder();

function byteLength(text: string): number {
  return encoder.encode(text).length;
}
