import assert from "node:assert/strict";
import { Buffer } from "node:buffer";

/** Like `deepEqual`, which looks at each byte of a large array as at a property of an object. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what?: string): void {
  if (!Buffer.from(actual.buffer, actual.byteOffset, actual.length).equals(expected)) {
    assert.deepEqual(actual, expected, what);
  }
}
