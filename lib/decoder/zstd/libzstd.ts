/**
 * The reference implementation of zstd, in WebAssembly. It is faster with blocks of the archive than our
 * own decoder (bench/README.md), but takes no dictionaries and does not say what is wrong. Made once,
 * when the module loads; it needs no permission and every call after that is synchronous.
 */

import { ZSTDDecoder } from "zstddec";

const libzstd = new ZSTDDecoder();
await libzstd.init();

/**
 * The most that it is given, and the most that it may make of it. Its memory never shrinks: this
 * bounds what a hostile frame can take for good. The archive's own blocks have a few megabytes.
 */
export const MAX_LIBZSTD_BYTES = 16 * 1024 * 1024;

/**
 * The content of a frame that declares so many bytes, its checksum verified if it has one; null for
 * whatever is not exactly one sound frame of that size. The result is a copy.
 */
export function decompress(frame: Uint8Array, contentBytes: number): Uint8Array | null {
  // It would take a size of 0 for one that is to be looked up.
  if (contentBytes === 0 || Math.max(contentBytes, frame.length) > MAX_LIBZSTD_BYTES) return null;
  const content = libzstd.decode(frame, contentBytes);
  // Its error codes are negative lengths, for which the library returns nothing.
  return content.length === contentBytes ? content : null;
}
