import type { Block } from "../../decoder/archive/block.ts";

/** A block that was downloaded and is not decoded yet. */
export interface DownloadedBlock {
  /** Its name, for messages. */
  readonly label: string;
  /** @throws {DamageError} when the bytes are damaged */
  readonly decode: () => Block;
  /** Downloads it again, bypassing caches. */
  readonly again: (signal: AbortSignal) => Promise<DownloadedBlock>;
}

/** The consecutive blocks that one request returned. */
export interface Download {
  readonly pieces: readonly DownloadedBlock[];
  /** Its size in memory, bytes. */
  readonly bytes: number;
  /** Whether it is the last one that the plan wants of its segment. */
  readonly endsSegment: boolean;
}
