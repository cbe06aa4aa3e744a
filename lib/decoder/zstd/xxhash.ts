/**
 * The two xxHash checksums of the protocols: XXH64 in zstd frames, XXH3 in segments. The WebAssembly is
 * created once, when the module loads. It needs no permission, and later calls are synchronous.
 */

import { createXXHash3, createXXHash64 } from "hash-wasm";

const xxhash64 = await createXXHash64();
const xxhash3 = await createXXHash3();

/** XXH64 with seed 0, as 16 lower-case hex digits. */
export function xxhash64Hex(bytes: Uint8Array): string {
  return xxhash64.init().update(bytes).digest();
}

/** XXH3 of 64 bits with seed 0 over several ranges, as 16 lower-case hex digits. */
export function xxhash3Hex(...ranges: readonly Uint8Array[]): string {
  xxhash3.init();
  for (const range of ranges) xxhash3.update(range);
  return xxhash3.digest();
}
