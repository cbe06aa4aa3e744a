/**
 * How the caller can react to a frame that can't be decoded:
 * - `corrupt`: reject it, because it is not valid zstd;
 * - `too_large`: allow more output;
 * - `dictionary`: decode it with the dictionary that it names.
 */
export type ZstdFault = "corrupt" | "too_large" | "dictionary";

/** A zstd frame, or a dictionary, that can't be decoded. */
export class ZstdError extends Error {
  override readonly name = "ZstdError";

  constructor(readonly fault: ZstdFault, message: string) {
    super(message);
  }
}

/** The error for bytes that violate the format: `found` says what was found and what was expected. */
export function corrupt(found: string): ZstdError {
  return new ZstdError("corrupt", `cannot decode zstd: ${found}`);
}
