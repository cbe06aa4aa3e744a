/** Frames and their blocks (RFC 8878 section 3.1.1). */

import { corrupt, ZstdError } from "./zstd_error.ts";
import { Source } from "./source.ts";

const MAGIC = 0xfd2fb528;
/** Skippable frames have sixteen magic numbers from here on (section 3.1.2). */
const SKIPPABLE_MAGIC = 0x184d2a50;

export interface FrameHeader {
  readonly windowBytes: number;
  /** Null when the frame doesn't declare it. */
  readonly contentBytes: number | null;
  /** 0 when the frame names none. */
  readonly dictionaryId: number;
  readonly hasChecksum: boolean;
}

/** Parses the header of the next frame, or skips a skippable one and returns null. */
export function readFrameHeader(source: Source): FrameHeader | null {
  const magic = source.u32();
  if (magic >= SKIPPABLE_MAGIC && magic < SKIPPABLE_MAGIC + 16) {
    source.skip(source.u32());
    return null;
  }
  if (magic !== MAGIC) {
    throw corrupt(`got magic 0x${magic.toString(16)}, expected 0x${MAGIC.toString(16)}`);
  }
  const descriptor = source.u8();
  if ((descriptor & 0x08) !== 0) throw corrupt("got the reserved bit of a frame, expected 0");
  const singleSegment = (descriptor & 0x20) !== 0;
  let windowBytes = 0;
  if (!singleSegment) {
    const window = source.u8();
    windowBytes = 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
  }
  const dictionaryId = readDictionaryId(source, descriptor & 3);
  const contentBytes = readContentSize(source, descriptor >> 6, singleSegment);
  if (singleSegment) windowBytes = contentBytes ?? 0;
  return { windowBytes, contentBytes, dictionaryId, hasChecksum: (descriptor & 0x04) !== 0 };
}

/** Section 3.1.1.1.3. */
function readDictionaryId(source: Source, flag: number): number {
  if (flag === 0) return 0;
  if (flag === 1) return source.u8();
  return flag === 2 ? source.u16() : source.u32();
}

/** Section 3.1.1.1.4. */
function readContentSize(source: Source, flag: number, singleSegment: boolean): number | null {
  if (flag === 0) return singleSegment ? source.u8() : null;
  if (flag === 1) return source.u16() + 256;
  return flag === 2 ? source.u32() : source.u64();
}

/** Magic, descriptor, window, dictionary ID and content size. */
const MAX_HEADER_BYTES = 18;

/**
 * The content size that the header of a message's first frame declares. Null when it declares none, or when
 * the message does not begin with a frame.
 */
export function frameContentBytes(data: Uint8Array): number | null {
  try {
    return readFrameHeader(Source.over(data.subarray(0, MAX_HEADER_BYTES)))?.contentBytes ?? null;
  } catch (error) {
    if (error instanceof ZstdError) return null;
    throw error;
  }
}

/**
 * The ID of the dictionary that the header of a message's first frame requires. 0 when it requires none, or
 * when the message does not begin with a frame.
 */
export function frameDictionaryId(data: Uint8Array): number {
  const descriptor = data[4] ?? 0;
  // A window descriptor comes before it, unless the content is one segment.
  const start = (descriptor & 0x20) !== 0 ? 5 : 6;
  let id = 0;
  for (let i = ID_BYTES[descriptor & 3]! - 1; i >= 0; i--) id = id * 256 + (data[start + i] ?? 0);
  return id;
}

const ID_BYTES = [0, 1, 2, 4];
