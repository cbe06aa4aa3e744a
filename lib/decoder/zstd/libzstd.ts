/**
 * The reference implementation of zstd, in WebAssembly. For blocks of the archive it is faster than our own
 * decoder (bench/README.md), but it supports no dictionaries and does not report what is wrong. Created once,
 * when the module loads; it needs no permission, and later calls are synchronous.
 */

import { ZSTDDecoder } from "zstddec";

const libzstd = new ZSTDDecoder();
await libzstd.init();

/**
 * Limit for its input and output. Its memory never shrinks: this bounds what a hostile frame can occupy for
 * good. The archive's own blocks have a few megabytes.
 */
export const MAX_LIBZSTD_BYTES = 16 * 1024 * 1024;

/**
 * The content of a frame that declares this size, with its checksum verified if it has one; null for anything
 * but exactly one valid frame of that size. The result is a copy.
 */
export function decompress(frame: Uint8Array, contentBytes: number): Uint8Array | null {
  // The library would treat a size of 0 as unknown.
  if (contentBytes === 0 || Math.max(contentBytes, frame.length) > MAX_LIBZSTD_BYTES) return null;
  const content = libzstd.decode(frame, contentBytes);
  // Its error codes are negative lengths, for which the library returns nothing.
  return content.length === contentBytes ? content : null;
}
