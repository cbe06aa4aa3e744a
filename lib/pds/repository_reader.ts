/** Reads a repository at its source: whole and verified, or, where it is too large for that, as it is listed. */

import type { GetOptions } from "./get.ts";
import { resolveSource } from "./identity.ts";
import { listRepository } from "./listed_repository.ts";
import { readSignedRepository, type Snapshot } from "./signed_repository.ts";
import { SourceError } from "./source_error.ts";
import { query } from "./xrpc.ts";

export interface ReaderOptions extends Pick<GetOptions, "allowPrivate" | "timeoutMs"> {
  readonly plcUrl: string;
  /** Of a repository that is read whole. */
  readonly maxBytes: number;
  /** Of a repository that is listed. */
  readonly maxRecords: number;
  /** The collections that have a name of their own: a listing needs names. */
  readonly collections: readonly string[];
  readonly wanted: (collection: string) => boolean;
  /** Lets in or throws a `SourceError`; what it returns is called at the end. Default: lets everybody in. */
  readonly enter?: (host: string) => () => void;
  /** Told that a server did not answer, and how long it wants to be left alone, milliseconds. */
  readonly rest?: (host: string, ms: number) => void;
}

export interface Reading {
  /** The server that it was read from. */
  readonly host: string;
  readonly snapshot: Snapshot;
  /** Whether the owner's signature was verified. */
  readonly verified: boolean;
}

const LISTED_FACTOR = 4;

/** Throws a `SourceError`, or the reason of the signal. */
export async function readRepository(
  did: string,
  options: ReaderOptions,
  signal: AbortSignal,
): Promise<Reading> {
  const { plcUrl, allowPrivate, timeoutMs, maxBytes, maxRecords, collections, wanted } = options;
  const asking = { allowPrivate, timeoutMs, signal };
  const { pds, signingKey } = await resolveSource(did, { plcUrl, ...asking });
  const leave = options.enter?.(pds.host);
  try {
    const car = await query(pds, "com.atproto.sync.getRepo", { did }, { ...asking, maxBytes });
    const snapshot = await readSignedRepository(car.body, { did, key: signingKey }, wanted);
    return { host: pds.host, snapshot, verified: true };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.failure === "unreachable") options.rest?.(pds.host, error.retryAfterMs);
    if (error.failure !== "too_large") throw error;
    // JSON takes more, and only what is wanted is listed.
    const limits = { maxRecords, maxBytes: maxBytes * LISTED_FACTOR };
    const snapshot = await listRepository(pds, did, collections, limits, asking);
    return { host: pds.host, snapshot, verified: false };
  } finally {
    leave?.();
  }
}
