import type { ArchiveClient } from "./archive_client.ts";
import { ArchiveRefusedError, DamageError, StalePlanError } from "./archive_error.ts";
import { HttpError } from "./http_request.ts";
import type { PlannedSegment } from "./replay_plan.ts";

/** Bytes of a segment's file, both ends included. */
export interface FileRange {
  readonly first: number;
  readonly last: number;
}

/** A part of a file, with the length of the whole file. */
export interface FilePart {
  readonly bytes: Uint8Array;
  readonly fileBytes: number;
}

/**
 * Fetches a part of a segment, only if the file is still the planned one: parts of two generations don't fit
 * together. The server compares `If-Range` and answers with the whole file when it has another generation.
 *
 * @param fresh bypass caches
 * @throws {StalePlanError} when the file was replaced or removed
 * @throws {DamageError} when the answer is not the requested part
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

/** A `StalePlanError` if the request's error means that; otherwise the error itself. */
export function staleOr(error: unknown, name: string, checksum: string | null): unknown {
  if (!(error instanceof HttpError)) return error;
  if (error.status === 200 && checksum !== null && etagOf(error.headers) === checksum) {
    return new ArchiveRefusedError(`got all of ${name}, expected a server that sends ranges`);
  }
  return new StalePlanError(`${name}: ${error.message}`, { cause: error });
}

/**
 * The ETag without quotes; null when it is missing or invalid for an archive. A proxy may have made it weak.
 */
export function etagOf(headers: Headers): string | null {
  return /^(?:W\/)?"([\w:.-]{1,64})"$/.exec(headers.get("etag") ?? "")?.[1] ?? null;
}
