/** A block as it is downloaded: one zstd frame. */

import { Block, BlockError } from "./block.ts";
import { decompress } from "../zstd/libzstd.ts";
import type { SegmentBlock } from "./segment.ts";
import { frameContentBytes, ZstdDecoder } from "../zstd/decoder.ts";

/**
 * The largest decoded block. Blocks have 4096 rows, a few megabytes; Jetstream's own client allows four times
 * as much, which is more than the memory limit of this program.
 */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** Decodes blocks one after another. Parallel work needs one decoder each. */
export class BlockDecoder {
  readonly #maxBodyBytes: number;
  readonly #zstd: ZstdDecoder;

  constructor(maxBodyBytes: number = MAX_BODY_BYTES) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#zstd = new ZstdDecoder({ maxOutputBytes: maxBodyBytes });
  }

  /**
   * Decodes the block of a frame. `expected` is its entry in the segment's index, if that was read: the block
   * must then have that size. Throws a `ZstdError` or a `BlockError`.
   */
  decode(
    frame: Uint8Array,
    expected?: Pick<SegmentBlock, "bodyBytes" | "eventCount">,
  ): Block {
    const body = this.#body(frame);
    if (expected !== undefined && body.length !== expected.bodyBytes) {
      throw new BlockError(
        `cannot read a block: got ${body.length} bytes, expected ${expected.bodyBytes}`,
      );
    }
    const block = new Block(body);
    if (expected !== undefined && block.length !== expected.eventCount) {
      throw new BlockError(
        `cannot read a block: got ${block.length} rows, expected ${expected.eventCount}`,
      );
    }
    return block;
  }

  /** If libzstd fails, our own decoder either succeeds or reports the fault. */
  #body(frame: Uint8Array): Uint8Array {
    const bytes = frameContentBytes(frame);
    const isFitting = bytes !== null && bytes <= this.#maxBodyBytes;
    return (isFitting ? decompress(frame, bytes) : null) ?? this.#zstd.decode(frame);
  }
}
