/** Parses a message of any format into an object. */

import { jsonFromCbor } from "../cbor/dag_cbor.ts";
import type { Malformed, Refusal } from "../event.ts";
import { isObject, parseExactly } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { messageRefusal } from "../limits.ts";
import type { Limits } from "../limits.ts";
import { malformed } from "../malformed.ts";
import type { Message } from "../raw_message.ts";

/** The object, or the event that replaces the message. */
export type Opened = { readonly object: JsonObject } | { readonly bad: Malformed };

/** Levels around a record that the limit on its own depth does not count: envelope, payload. */
const ENVELOPE_DEPTH = 2;

/** `{` begins JSON. In CBOR the same byte would begin a text, and a message is a map. */
const BRACE = 0x7b;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses a text frame as JSON, and a binary one as DAG-CBOR, or as JSON when it begins with `{`, as
 * decompressed text does. Never throws.
 */
export function openMessage(message: Message, limits: Limits): Opened {
  const oversize = messageRefusal(message, limits);
  // Not even its beginning is kept: its content was not checked.
  if (oversize !== null) return { bad: malformed(oversize, message, null, {}) };
  let value: unknown;
  try {
    value = parse(message, limits, JSON.parse);
  } catch {
    // The parsers' own messages quote the data.
    const isJson = typeof message === "string" || message[0] === BRACE;
    return { bad: malformed(isJson ? NOT_JSON : NOT_CBOR, message, null, null) };
  }
  if (isObject(value)) return { object: value };
  return { bad: malformed(NOT_OBJECT, message, null, {}) };
}

/**
 * The value at a path in a message that was parsed before, with every digit of its numbers. Undefined when
 * the message is nested too deep.
 */
export function readExactly(message: Message, path: readonly string[], limits: Limits): unknown {
  let value: unknown;
  try {
    value = parse(message, limits, parseExactly);
  } catch {
    return undefined;
  }
  return path.reduce<unknown>((value, key) => isObject(value) ? value[key] : undefined, value);
}

/** Deep nesting is safe with `JSON.parse`: V8 parses without recursion. */
function parse(message: Message, limits: Limits, parseJson: (text: string) => unknown): unknown {
  if (typeof message === "string") return parseJson(message);
  if (message[0] === BRACE) return parseJson(utf8.decode(message));
  return jsonFromCbor(message, limits.recordDepth + ENVELOPE_DEPTH);
}

const NOT_JSON: Refusal = { reason: "invalid_json", detail: "the message is not JSON" };
const NOT_CBOR: Refusal = { reason: "invalid_cbor", detail: "the message is not DAG-CBOR" };
const NOT_OBJECT: Refusal = { reason: "invalid_frame", detail: "the message is not an object" };
