import type { Block } from "../../decoder/archive/block.ts";

/** A block that was downloaded and is not decoded yet. */
export interface DownloadedBlock {
  /** Names it, for a person. */
  readonly label: string;
  /** @throws {DamageError} when the bytes are not what they should be */
  readonly decode: () => Block;
  /** Downloads it once more, past caches. */
  readonly again: (signal: AbortSignal) => Promise<DownloadedBlock>;
}

/** What one request brought: blocks that follow one another. */
export interface Download {
  readonly pieces: readonly DownloadedBlock[];
  /** Bytes that it holds in memory. */
  readonly bytes: number;
  /** The last of what the plan wants of its segment. */
  readonly endsSegment: boolean;
}
