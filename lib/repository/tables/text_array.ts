/**
 * An array of texts in Postgres' binary format: lengths and bytes. Nothing is quoted here and nothing is parsed
 * there. Compared with an array literal, it takes less than half the CPU to make, and a record a tenth less in Postgres.
 */

import { Buffer } from "node:buffer";

/** The object id of the type `text`. */
const TEXT_TYPE = 25;
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
/** The length of a null. */
const NULL = -1;

/** One unit of a JavaScript string takes at most this many bytes of UTF-8. */
const UNIT_BYTES = 3;

/** Texts that are longer on average are encoded one by one: they are seldom all ASCII, and few calls would be saved. */
const SHORT = 128;

/** Room for what is written after the texts: the header, and a length. */
const HEAD = "\0".repeat(HEADER_BYTES);
const GAP = "\0".repeat(LENGTH_BYTES);

const encoder = new TextEncoder();

/** Texts that are encoded one by one are written here, and copied once their length is known. */
let buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** A larger buffer is not kept. */
const KEPT_BYTES = 1024 * 1024;

/** The array of some texts. */
export function textArray(texts: readonly (string | null)[]): Uint8Array {
  let units = 0;
  for (const text of texts) units += text?.length ?? 0;
  return (units <= texts.length * SHORT ? asciiArray(texts) : null) ?? encodedArray(texts);
}

/** The array of ASCII texts, encoded by one call, which takes half the time of a call for each. Null for others. */
function asciiArray(texts: readonly (string | null)[]): Buffer | null {
  // A null joins as an empty text.
  const joined = texts.length === 0 ? HEAD : HEAD + GAP + texts.join(GAP);
  const array = Buffer.allocUnsafe(joined.length);
  const { read, written } = encoder.encodeInto(joined, array);
  if (read !== joined.length || written !== read) return null;
  let end = HEADER_BYTES;
  let hasNull = false;
  for (const text of texts) {
    if (text === null) hasNull = true;
    end = array.writeInt32BE(text?.length ?? NULL, end) + (text?.length ?? 0);
  }
  writeHeader(array, texts.length, hasNull);
  return array;
}

function encodedArray(texts: readonly (string | null)[]): Buffer {
  let end = HEADER_BYTES;
  let hasNull = false;
  for (const text of texts) {
    reserve(end, LENGTH_BYTES + (text?.length ?? 0) * UNIT_BYTES);
    if (text === null) {
      hasNull = true;
      end = buffer.writeInt32BE(NULL, end);
      continue;
    }
    const bytes = encoder.encodeInto(text, buffer.subarray(end + LENGTH_BYTES)).written;
    end = buffer.writeInt32BE(bytes, end) + bytes;
  }
  writeHeader(buffer, texts.length, hasNull);
  const array = Buffer.from(buffer.subarray(0, end));
  if (buffer.length > KEPT_BYTES) buffer = Buffer.allocUnsafeSlow(KEPT_BYTES);
  return array;
}

function writeHeader(array: Buffer, texts: number, hasNull: boolean): void {
  let end = 0;
  for (const field of [1, hasNull ? 1 : 0, TEXT_TYPE, texts, 1]) {
    end = array.writeInt32BE(field, end);
  }
}

/** Makes room in the buffer behind `end`. */
function reserve(end: number, bytes: number): void {
  if (end + bytes <= buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, end + bytes));
  buffer.copy(larger, 0, 0, end);
  buffer = larger;
}
