import type { Block } from "../../decoder/archive/block.ts";
import type { BlockEvents } from "../../decoder/archive/block_events.ts";
import type { SegmentBlock, SegmentHeader } from "../../decoder/archive/segment.ts";

/** Rows after `afterSeq`, up to and including `throughSeq`. */
export interface Window {
  readonly afterSeq: number;
  readonly throughSeq: number;
}

/** A block's entry in its segment's index: the part that describes the frame's content. */
export type ExpectedBlock = Pick<SegmentBlock, "bodyBytes" | "eventCount">;

/**
 * How archive bytes are parsed; the decoder implements it. All functions except `events` throw for damaged
 * bytes.
 */
export interface ArchiveFormat {
  /** From the first `headerBytes` of a segment. */
  readonly segmentHeader: (bytes: Uint8Array) => SegmentHeader;
  readonly headerBytes: number;
  /** From everything after `footerOffset`; verifies the checksum, and that it is the plan's. */
  readonly segmentIndex: (
    header: SegmentHeader,
    footer: Uint8Array,
    plannedChecksum: string,
  ) => readonly SegmentBlock[];
  /** The zstd frame of a block, from bytes that begin at its offset. */
  readonly segmentFrame: (block: SegmentBlock, bytes: Uint8Array) => Uint8Array;
  readonly block: (frame: Uint8Array, expected?: ExpectedBlock) => Block;
  /** The events of a range of rows of a block. Never throws. */
  readonly events: (block: Block, first: number, end: number) => BlockEvents;
}
