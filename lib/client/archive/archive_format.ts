import type { Block } from "../../decoder/archive/block.ts";
import type { BlockEvents } from "../../decoder/archive/block_events.ts";
import type { SegmentBlock, SegmentHeader } from "../../decoder/archive/segment.ts";

/** Rows after one sequence number, up to and with another. */
export interface Window {
  readonly afterSeq: number;
  readonly throughSeq: number;
}

/** A block's entry in the index of its segment, as far as it says what comes out of the frame. */
export type ExpectedBlock = Pick<SegmentBlock, "bodyBytes" | "eventCount">;

/**
 * What the bytes of the archive mean, which is the decoder's to know. All but `events` throw for bytes
 * that are damaged.
 */
export interface ArchiveFormat {
  /** From the first `headerBytes` of a segment. */
  readonly segmentHeader: (bytes: Uint8Array) => SegmentHeader;
  readonly headerBytes: number;
  /** From everything behind `footerOffset`; verifies the checksum, and that the plan's is the same. */
  readonly segmentIndex: (
    header: SegmentHeader,
    footer: Uint8Array,
    plannedChecksum: string,
  ) => readonly SegmentBlock[];
  /** The zstd frame of a block, from bytes that begin at its offset. */
  readonly segmentFrame: (block: SegmentBlock, bytes: Uint8Array) => Uint8Array;
  readonly block: (frame: Uint8Array, expected?: ExpectedBlock) => Block;
  /** What rows of a block hold, from one index up to another. Never throws. */
  readonly events: (block: Block, first: number, end: number) => BlockEvents;
}
