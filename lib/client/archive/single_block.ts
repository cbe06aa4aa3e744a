import { untilAborted } from "../../until_aborted.ts";
import type { ArchiveClient } from "./archive_client.ts";
import { DamageError, reading } from "./archive_error.ts";
import { etagOf, staleOr } from "./file_range.ts";
import type { ArchiveFormat } from "./archive_format.ts";
import { type HttpAnswer, LongAnswerError } from "./http_request.ts";
import type { Download, DownloadedBlock } from "./downloaded_block.ts";
import type { PlannedSegment } from "./replay_plan.ts";
import { MAX_BLOCK_BYTES } from "./segment_file.ts";

/**
 * A longer block is downloaded only at its turn: several of the largest size ahead would need too much
 * memory.
 */
const USUAL_BLOCK_BYTES = 4 * 1024 * 1024;

/** A download that began before its turn. */
interface Ahead {
  readonly signal: AbortSignal;
  readonly turn: Promise<void>;
}

/**
 * Downloads one block of a segment by its number. Its ETag may name another generation than the plan: block
 * numbers survive a compaction, and a removed row was superseded by a later one.
 *
 * @throws {StalePlanError} when the block no longer exists
 * @throws {ArchiveDamagedError} when repeatedly another block comes
 * @throws whatever `ArchiveClient.request` throws
 */
export async function downloadBlock(
  client: ArchiveClient,
  format: ArchiveFormat,
  segment: PlannedSegment,
  number: number,
  { signal, turn }: Ahead,
): Promise<Omit<Download, "endsSegment">> {
  const label = `block ${number} of ${segment.name}`;
  const get = (fresh: boolean, within: AbortSignal): Promise<Uint8Array> =>
    getFrame(client, segment, number, fresh, { signal: within, turn });
  const pieceOf = (frame: Uint8Array): DownloadedBlock => ({
    label,
    decode: () => reading(() => format.block(frame)),
    again: async (within) =>
      pieceOf(await client.undamaged(label, within, () => get(true, within))),
  });
  const frame = await client.undamaged(label, signal, (fresh) => get(fresh, signal));
  return { pieces: [pieceOf(frame)], bytes: frame.length };
}

async function getFrame(
  client: ArchiveClient,
  { name }: PlannedSegment,
  number: number,
  fresh: boolean,
  { signal, turn }: Ahead,
): Promise<Uint8Array> {
  const get = (maxBytes: number): Promise<HttpAnswer> =>
    client.request({
      method: "getBlock",
      query: { segment: name, blockIndex: String(number) },
      expects: 200,
      maxBytes,
      mayBeLong: maxBytes < MAX_BLOCK_BYTES,
      fresh,
    }, signal).catch((error) => {
      throw staleOr(error, name, null);
    });
  const { headers, bytes } = await get(USUAL_BLOCK_BYTES).catch(async (error) => {
    if (!(error instanceof LongAnswerError)) throw error;
    await untilAborted(turn, signal);
    return await get(MAX_BLOCK_BYTES);
  });
  const etag = etagOf(headers);
  if (etag !== null && etag.includes(":") && !etag.endsWith(`:${number}`)) {
    throw new DamageError(`got the block ${etag}, expected number ${number}`);
  }
  return bytes;
}
