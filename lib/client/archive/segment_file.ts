import type { SegmentBlock } from "../../decoder/archive/segment.ts";
import type { ArchiveClient } from "./archive_client.ts";
import { DamageError, reading } from "./archive_error.ts";
import { type FileRange, getRange } from "./file_range.ts";
import type { ArchiveFormat, Window } from "./archive_format.ts";
import type { DownloadedBlock } from "./downloaded_block.ts";
import type { PlannedSegment } from "./replay_plan.ts";

/** A part is as many blocks as fit into this: few requests for a file of 256 MB, and little memory. */
const PART_BYTES = 4 * 1024 * 1024;

/** A block usually has a few hundred kilobytes. */
export const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

/** Mostly filters that a server uses, some ten bytes for each account in each block. */
const MAX_FOOTER_BYTES = 64 * 1024 * 1024;

/** Bytes before each frame: its size once more. */
const PREFIX_BYTES = 8;

/** Adjacent blocks of a file, downloaded together. */
export interface FilePartPlan extends FileRange {
  readonly blocks: readonly NumberedBlock[];
}

interface NumberedBlock extends SegmentBlock {
  readonly number: number;
}

/**
 * A segment that is wanted as a whole, read in parts: a file can have a gigabyte, and the part before the
 * resume point need not be downloaded again.
 */
export class SegmentFile {
  readonly #client: ArchiveClient;
  readonly #format: ArchiveFormat;
  readonly #segment: PlannedSegment;

  constructor(client: ArchiveClient, format: ArchiveFormat, segment: PlannedSegment) {
    this.#client = client;
    this.#format = format;
    this.#segment = segment;
  }

  /**
   * The parts that can hold rows of the window. Reads header and footer, which the checksum covers.
   *
   * @throws {ArchiveDamagedError} when they stay damaged
   * @throws {StalePlanError} when the file was replaced
   */
  async parts({ afterSeq, throughSeq }: Window, signal: AbortSignal): Promise<FilePartPlan[]> {
    const { name } = this.#segment;
    const index = await this.#client.undamaged(
      `the index of ${name}`,
      signal,
      (fresh) => this.#index(fresh, signal),
    );
    // The bounds in the index are at least as wide as the remaining rows.
    return adjacent(
      index.map((block, number) => ({ ...block, number }))
        .filter(({ minSeq, maxSeq }) => maxSeq > afterSeq && minSeq <= throughSeq),
    );
  }

  /** Downloads the blocks of a part, not yet decoded. */
  async download(
    part: FilePartPlan,
    signal: AbortSignal,
    fresh = false,
  ): Promise<DownloadedBlock[]> {
    const { first, last, blocks } = part;
    const label = `bytes ${first} to ${last} of ${this.#segment.name}`;
    const bytes = await this.#client.undamaged(
      label,
      signal,
      (again) => this.#bytes({ first, last }, fresh || again, signal),
    );
    return blocks.map((block) => this.#piece(block, bytes.subarray(block.offset - first)));
  }

  async #index(fresh: boolean, signal: AbortSignal): Promise<readonly SegmentBlock[]> {
    const { segmentHeader, segmentIndex, headerBytes } = this.#format;
    const segment = this.#segment;
    const range = { first: 0, last: headerBytes - 1 };
    const start = await getRange(this.#client, segment, range, fresh, signal);
    const header = reading(() => segmentHeader(start.bytes));
    const { footerOffset } = header;
    const footerBytes = start.fileBytes - footerOffset;
    if (footerBytes < header.indexBytes || footerBytes > MAX_FOOTER_BYTES) {
      throw new DamageError(
        `got a footer of ${footerBytes} bytes, expected ${header.indexBytes} to ${MAX_FOOTER_BYTES}`,
      );
    }
    const footer = footerBytes === 0
      ? new Uint8Array()
      : await this.#bytes({ first: footerOffset, last: start.fileBytes - 1 }, fresh, signal);
    const index = reading(() => segmentIndex(header, footer, segment.checksum));
    const large = index.find(({ compressedBytes }) => compressedBytes > MAX_BLOCK_BYTES);
    if (large === undefined) return index;
    throw new DamageError(
      `got a block of ${large.compressedBytes} bytes, expected at most ${MAX_BLOCK_BYTES}`,
    );
  }

  async #bytes(range: FileRange, fresh: boolean, signal: AbortSignal): Promise<Uint8Array> {
    return (await getRange(this.#client, this.#segment, range, fresh, signal)).bytes;
  }

  #piece(block: NumberedBlock, bytes: Uint8Array): DownloadedBlock {
    const { segmentFrame, block: decode } = this.#format;
    return {
      label: `block ${block.number} of ${this.#segment.name}`,
      decode: () => reading(() => decode(segmentFrame(block, bytes), block)),
      again: async (signal) => {
        const [piece] = await this.download(partOf([block]), signal, true);
        return piece!;
      },
    };
  }
}

/** Consecutive blocks without a gap, in parts that are not too large. */
function adjacent(blocks: readonly NumberedBlock[]): FilePartPlan[] {
  const parts: NumberedBlock[][] = [];
  for (const block of blocks) {
    const part = parts.at(-1);
    const first = part?.[0];
    const last = part?.at(-1);
    const fits = first !== undefined && last !== undefined && block.offset === endOf(last) &&
      endOf(block) - first.offset <= PART_BYTES;
    if (fits) part!.push(block);
    else parts.push([block]);
  }
  return parts.map(partOf);
}

function partOf(blocks: readonly NumberedBlock[]): FilePartPlan {
  return { blocks, first: blocks[0]!.offset, last: endOf(blocks.at(-1)!) - 1 };
}

function endOf({ offset, compressedBytes }: SegmentBlock): number {
  return offset + PREFIX_BYTES + compressedBytes;
}
