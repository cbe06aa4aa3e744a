/**
 * Items of DAG-CBOR that the decoder doesn't support but JSON can express without loss: integers beyond 2^53,
 * and links to CIDs of another codec or hash than AT Protocol's. They are replaced by their JSON form, text
 * of the digits and `{"$link": text}`, so that a record is judged equally on all protocols.
 */

import { ARRAY, BYTES, MAP, NEGATIVE, TAG, TEXT, UNSIGNED } from "./major_type.ts";
import { CID_BYTES, cidText, isCid } from "./cid.ts";

const LINK_TAG = 42n;

/** No accepted record has more (`limits.ts`). */
const MAX_REPLACED = 100_000;

/**
 * The item with its foreign items replaced; null when it has none. The caller has validated the shape
 * (`checkCbor`), so no item exceeds the end. Other faults are left to the decoder.
 */
export function withoutForeignItems(bytes: Uint8Array): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let copied = 0;
  let at = 0;
  /** Open arrays and maps: how many items are missing, and for a map whether the next one is a key. */
  const open: { left: number; readonly isMap: boolean }[] = [];
  const replace = (start: number, end: number, replacement: Uint8Array): void => {
    if (parts.length > 2 * MAX_REPLACED) return;
    parts.push(bytes.subarray(copied, start), replacement);
    copied = end;
  };

  while (at < bytes.length) {
    const start = at;
    const { type, argument, end } = headAt(view, at);
    at = end;
    const container = open.at(-1);
    const isKey = container !== undefined && container.isMap && container.left % 2 === 0;
    if ((type === UNSIGNED || type === NEGATIVE) && !isKey) {
      const value = type === UNSIGNED ? argument : -1n - argument;
      if (!Number.isSafeInteger(Number(value))) replace(start, at, textItem(`${value}`));
    } else if (type === BYTES || type === TEXT) {
      at += Number(argument);
    } else if (type === TAG) {
      if (argument !== LINK_TAG) return null;
      const content = headAt(view, at);
      if (content.type !== BYTES) return null;
      at = content.end + Number(content.argument);
      const cid = bytes.subarray(content.end + 1, at);
      if (cid.length !== CID_BYTES || !isCid(cid, 0)) {
        const text = bytes[content.end] === 0 ? cidText(cid) : null;
        if (text === null) return null;
        replace(start, at, joined([LINK_HEAD, textItem(text)]));
      }
    }
    if (container !== undefined) container.left--;
    if (type === ARRAY || type === MAP) {
      const isMap = type === MAP;
      open.push({ left: Number(argument) * (isMap ? 2 : 1), isMap });
    }
    while (open.at(-1)?.left === 0) open.pop();
  }
  if (parts.length === 0 || parts.length > 2 * MAX_REPLACED) return null;
  return joined([...parts, bytes.subarray(copied)]);
}

/** The major type of an item, its argument, and the position after its head. */
function headAt(
  view: DataView,
  at: number,
): { readonly type: number; readonly argument: bigint; readonly end: number } {
  const head = view.getUint8(at);
  const [type, info] = [head >> 5, head & 31];
  switch (info) {
    case 24:
      return { type, argument: BigInt(view.getUint8(at + 1)), end: at + 2 };
    case 25:
      return { type, argument: BigInt(view.getUint16(at + 1)), end: at + 3 };
    case 26:
      return { type, argument: BigInt(view.getUint32(at + 1)), end: at + 5 };
    case 27:
      return { type, argument: view.getBigUint64(at + 1), end: at + 9 };
    default:
      return { type, argument: BigInt(info), end: at + 1 };
  }
}

const encoder = new TextEncoder();

/** The head of a map with the one key `$link`. */
const LINK_HEAD = joined([Uint8Array.of((MAP << 5) | 1), textItem("$link")]);

function textItem(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const head = bytes.length < 24
    ? Uint8Array.of((TEXT << 5) | bytes.length)
    : bytes.length < 256
    ? Uint8Array.of((TEXT << 5) | 24, bytes.length)
    : Uint8Array.of((TEXT << 5) | 25, bytes.length >> 8, bytes.length & 255);
  return joined([head, bytes]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
