import type { ArchiveClient } from "./archive_client.ts";
import type { ArchiveFormat, Window } from "./archive_format.ts";
import type { Download } from "./downloaded_block.ts";
import type { PlannedSegment } from "./replay_plan.ts";
import type { Task } from "./read_ahead.ts";
import { SegmentFile } from "./segment_file.ts";
import { downloadBlock } from "./single_block.ts";

/** The size of a single block is known only after its download: usually some hundred kilobytes. */
const EXPECTED_BLOCK_BYTES = 1024 * 1024;

/**
 * The requests for a page of the plan, in row order. The index of a whole segment is read when it is that
 * segment's turn, while earlier parts are still being downloaded.
 */
export async function* downloadsOf(
  client: ArchiveClient,
  format: ArchiveFormat,
  segments: readonly PlannedSegment[],
  window: Window,
  signal: AbortSignal,
): AsyncGenerator<Task<Download>, void, undefined> {
  for (const segment of segments) {
    if (segment.blocks === null) yield* partsOf(client, format, segment, window, signal);
    else yield* blocksOf(client, format, segment);
  }
}

async function* partsOf(
  client: ArchiveClient,
  format: ArchiveFormat,
  segment: PlannedSegment,
  window: Window,
  signal: AbortSignal,
): AsyncGenerator<Task<Download>, void, undefined> {
  const file = new SegmentFile(client, format, segment);
  const parts = await file.parts(window, signal);
  if (parts.length === 0) yield nothingIn;
  for (const [i, part] of parts.entries()) {
    const bytes = part.last - part.first + 1;
    yield {
      bytes,
      run: async (within) => ({
        pieces: await file.download(part, within),
        bytes,
        endsSegment: i === parts.length - 1,
      }),
    };
  }
}

/** For a segment without wanted rows: its bounds can be wider than its rows. */
const nothingIn: Task<Download> = {
  bytes: 0,
  run: () => Promise.resolve({ pieces: [], bytes: 0, endsSegment: true }),
};

function* blocksOf(
  client: ArchiveClient,
  format: ArchiveFormat,
  segment: PlannedSegment,
): Generator<Task<Download>, void, undefined> {
  const ranges = segment.blocks ?? [];
  if (ranges.length === 0) yield nothingIn;
  for (const { first, last } of ranges) {
    for (let number = first; number <= last; number++) {
      const endsSegment = number === ranges.at(-1)?.last;
      yield {
        bytes: EXPECTED_BLOCK_BYTES,
        run: async (within, turn) => ({
          ...await downloadBlock(client, format, segment, number, { signal: within, turn }),
          endsSegment,
        }),
      };
    }
  }
}
