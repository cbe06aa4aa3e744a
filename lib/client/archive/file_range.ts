import type { ArchiveClient } from "./archive_client.ts";
import { ArchiveRefusedError, DamageError, StalePlanError } from "./archive_error.ts";
import { HttpError } from "./http_request.ts";
import type { PlannedSegment } from "./replay_plan.ts";

/** Bytes of a segment's file, both ends included. */
export interface FileRange {
  readonly first: number;
  readonly last: number;
}

/** A part of a file, with the length of the whole. */
export interface FilePart {
  readonly bytes: Uint8Array;
  readonly fileBytes: number;
}

/**
 * Gets a part of a segment, and only if the file is still the one that was planned: parts of two
 * generations don't fit together. The server compares the `If-Range`, and answers with the whole of
 * the other file when it has another.
 *
 * @param fresh asks past caches
 * @throws {StalePlanError} when the file was replaced or is gone
 * @throws {DamageError} when the answer is another part than the one that was asked for
 * @throws whatever `ArchiveClient.request` throws
 */
export async function getRange(
  client: ArchiveClient,
  { name, checksum }: PlannedSegment,
  { first, last }: FileRange,
  fresh: boolean,
  signal: AbortSignal,
): Promise<FilePart> {
  const { headers, bytes } = await client.request({
    method: "getSegment",
    query: { name },
    headers: { "Range": `bytes=${first}-${last}`, "If-Range": `"${checksum}"` },
    expects: 206,
    maxBytes: last - first + 1,
    fresh,
  }, signal).catch((error) => {
    throw staleOr(error, name, checksum);
  });
  const found = etagOf(headers);
  if (found !== checksum) {
    throw new StalePlanError(`${name} is ${found ?? "without an ETag"}, expected ${checksum}`);
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "");
  if (range === null || Number(range[1]) !== first || Number(range[2]) !== last) {
    throw new DamageError(`got the range ${range?.[0] ?? "of nothing"}, expected ${first}-${last}`);
  }
  if (bytes.length !== last - first + 1) {
    throw new DamageError(`got ${bytes.length} bytes, expected ${last - first + 1}`);
  }
  return { bytes, fileBytes: Number(range[3]) };
}

/** What an error of a request says about the plan; the error itself when it says nothing. */
export function staleOr(error: unknown, name: string, checksum: string | null): unknown {
  if (!(error instanceof HttpError)) return error;
  if (error.status === 200 && checksum !== null && etagOf(error.headers) === checksum) {
    return new ArchiveRefusedError(`got all of ${name}, expected a server that sends ranges`);
  }
  return new StalePlanError(`${name}: ${error.message}`, { cause: error });
}

/** What stands between the quotes; null without an ETag, or with one that no archive has. A proxy may have made a weak one of it. */
export function etagOf(headers: Headers): string | null {
  return /^(?:W\/)?"([\w:.-]{1,64})"$/.exec(headers.get("etag") ?? "")?.[1] ?? null;
}
