/**
 * A sealed segment of the archive, `.jss`: a header, blocks, and a footer with the index of the blocks. A
 * segment has some 256 MB, so its parts can be read one by one: the header tells the position of the footer,
 * the checksum covers both, and the footer tells the positions of the blocks. Source: Jetstream's segment
 * format, version 1. All numbers are little-endian.
 */

import { xxhash3Hex } from "../zstd/xxhash.ts";

/** A segment, or a part of one, that is damaged, unsealed, or not the requested one. */
export class SegmentError extends Error {
  override readonly name = "SegmentError";

  constructor(message: string) {
    super(`cannot read a segment: ${message}`);
  }
}

/** The header takes this many bytes, and the first block follows. */
export const SEGMENT_HEADER_BYTES = 256;

export interface SegmentHeader {
  /** Sixteen lower-case hex digits, as in the plan and in the ETag. */
  readonly checksum: string;
  readonly blockCount: number;
  readonly eventCount: number;
  /** Both bounds may be wider than the rows that are left after compaction. */
  readonly minSeq: number;
  readonly maxSeq: number;
  /** Where the footer begins. It extends to the end of the file. */
  readonly footerOffset: number;
  /** Maximum length of the block index at the beginning of the footer. */
  readonly indexBytes: number;
  /** The part of the header that the checksum covers. */
  readonly covered: Uint8Array;
}

/** The position of a block in the file, and its decoded size. */
export interface SegmentBlock {
  /** Position of the eight bytes before the frame, which repeat its size. */
  readonly offset: number;
  readonly compressedBytes: number;
  readonly bodyBytes: number;
  readonly eventCount: number;
  readonly minSeq: number;
  readonly maxSeq: number;
}

/** Bytes before each frame: its size once more. */
const PREFIX_BYTES = 8;
const INDEX_ENTRY_BYTES = 52;
const MAX_BLOCKS = 2 ** 20;
const VERSION = 1;

/** Reads the header from the first 256 bytes of a file. Throws a `SegmentError`. */
export function readSegmentHeader(bytes: Uint8Array): SegmentHeader {
  if (bytes.length < SEGMENT_HEADER_BYTES) {
    throw new SegmentError(`got ${bytes.length} bytes, expected ${SEGMENT_HEADER_BYTES} or more`);
  }
  const view = viewOf(bytes);
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== "jss0") {
    throw new SegmentError('got other bytes at the beginning, expected "jss0"');
  }
  const checksum = view.getBigUint64(4, true);
  if (checksum === 0n) throw new SegmentError("got a segment that is not sealed");
  const version = view.getUint16(12, true);
  if (version !== VERSION) throw new SegmentError(`got version ${version}, expected ${VERSION}`);
  const blockCount = view.getUint32(14, true);
  if (blockCount > MAX_BLOCKS) {
    throw new SegmentError(`got ${blockCount} blocks, expected at most ${MAX_BLOCKS}`);
  }
  const [footer, didBloom, blockBloom, collections, index] = [58, 66, 74, 82, 90]
    .map((at) => integer(view, at)) as [number, number, number, number, number];
  if (
    footer < SEGMENT_HEADER_BYTES || index !== footer || didBloom < index ||
    blockBloom < didBloom || collections < blockBloom
  ) throw new SegmentError("got parts that are out of order");
  if (blockCount * INDEX_ENTRY_BYTES > didBloom - index) {
    throw new SegmentError(`got an index of ${didBloom - index} bytes for ${blockCount} blocks`);
  }
  return {
    checksum: checksum.toString(16).padStart(16, "0"),
    blockCount,
    eventCount: view.getUint32(18, true),
    minSeq: integer(view, 26),
    maxSeq: integer(view, 34),
    footerOffset: footer,
    indexBytes: didBloom - index,
    covered: bytes.slice(12, SEGMENT_HEADER_BYTES),
  };
}

/**
 * Parses the index from the footer, which is everything from `footerOffset` to the end of the file. Verifies
 * the checksum, and that it equals the plan's when that is given. Throws a `SegmentError`.
 */
export function readSegmentIndex(
  header: SegmentHeader,
  footer: Uint8Array,
  plannedChecksum: string = header.checksum,
): SegmentBlock[] {
  if (header.checksum !== plannedChecksum) {
    throw new SegmentError(`got checksum ${header.checksum}, expected ${plannedChecksum}`);
  }
  const sum = xxhash3Hex(header.covered, footer);
  if (sum !== header.checksum) {
    throw new SegmentError(`got contents of checksum ${sum}, expected ${header.checksum}`);
  }
  if (footer.length < header.indexBytes) {
    throw new SegmentError(`got a footer of ${footer.length} bytes, expected more`);
  }
  const view = viewOf(footer);
  const blocks: SegmentBlock[] = [];
  for (let i = 0; i < header.blockCount; i++) {
    const at = i * INDEX_ENTRY_BYTES;
    const block: SegmentBlock = {
      offset: integer(view, at),
      compressedBytes: view.getUint32(at + 8, true),
      bodyBytes: view.getUint32(at + 12, true),
      eventCount: view.getUint32(at + 16, true),
      minSeq: integer(view, at + 20),
      maxSeq: integer(view, at + 28),
    };
    const end = block.offset + PREFIX_BYTES + block.compressedBytes;
    if (block.offset < SEGMENT_HEADER_BYTES || end > header.footerOffset) {
      throw new SegmentError(`got block ${i} outside of the blocks' part`);
    }
    blocks.push(block);
  }
  return blocks;
}

/**
 * The zstd frame of a block, as a view of bytes that begin at its offset. Compares the size before the frame
 * with the index. Throws a `SegmentError`.
 */
export function segmentFrame(block: SegmentBlock, bytes: Uint8Array): Uint8Array {
  const end = PREFIX_BYTES + block.compressedBytes;
  const size = bytes.length < PREFIX_BYTES ? -1 : integer(viewOf(bytes), 0);
  if (size !== block.compressedBytes || bytes.length < end) {
    throw new SegmentError(`got a frame of ${size} bytes, expected ${block.compressedBytes}`);
  }
  return bytes.subarray(PREFIX_BYTES, end);
}

/** A whole file in memory: its header, and the frame of each block with its entry in the index. */
export function readSegment(
  file: Uint8Array,
  plannedChecksum?: string,
): { header: SegmentHeader; blocks: { entry: SegmentBlock; frame: Uint8Array }[] } {
  const header = readSegmentHeader(file);
  const footer = file.subarray(header.footerOffset);
  const blocks = readSegmentIndex(header, footer, plannedChecksum)
    .map((entry) => ({ entry, frame: segmentFrame(entry, file.subarray(entry.offset)) }));
  return { header, blocks };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Exact up to 2^53; above only for comparing with a limit. */
function integer(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}
