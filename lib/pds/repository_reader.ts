/**
 * Reads a repository at its source: as a whole and verified, or, when it is too large, by listing its
 * records.
 */

import type { GetOptions } from "./get.ts";
import { resolveSource } from "./identity.ts";
import { listRepository } from "./listed_repository.ts";
import { readSignedRepository, type Snapshot } from "./signed_repository.ts";
import { SourceError } from "./source_error.ts";
import { query } from "./xrpc.ts";

export interface ReaderOptions
  extends Pick<GetOptions, "allowPrivate" | "rootCertificates" | "timeoutMs"> {
  readonly plcUrl: string;
  /** Size limit for a repository that is read as a whole. */
  readonly maxBytes: number;
  /** Limit for a repository that is listed. */
  readonly maxRecords: number;
  /** Wanted collections without wildcards: a listing needs names. */
  readonly collections: readonly string[];
  readonly wanted: (collection: string) => boolean;
  /**
   * Admits a reader or throws a `SourceError`; the returned function is called at the end. Default: no limit.
   */
  readonly enter?: (host: string) => () => void;
  /** Throws a `SourceError` while a server of DID documents must not be queried. */
  readonly mayAsk?: (server: string) => void;
  /** Called when a server did not answer, with how long it asked not to be retried, milliseconds. */
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
  const { rootCertificates = [] } = options;
  const asking = { allowPrivate, rootCertificates, timeoutMs, signal };
  const { mayAsk, rest } = options;
  const { pds, signingKey } = await resolveSource(did, {
    plcUrl,
    ...asking,
    ...(mayAsk === undefined ? {} : { mayAsk }),
    ...(rest === undefined ? {} : { rest }),
  });
  const leave = options.enter?.(pds.host);
  try {
    const car = await query(pds, "com.atproto.sync.getRepo", { did }, { ...asking, maxBytes });
    const snapshot = await readSignedRepository(car.body, { did, key: signingKey }, wanted);
    return { host: pds.host, snapshot, verified: true };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.failure === "unreachable") options.rest?.(pds.host, error.retryAfterMs);
    if (error.failure !== "too_large") throw error;
    // JSON takes more space, and only wanted records are listed.
    const limits = { maxRecords, maxBytes: maxBytes * LISTED_FACTOR };
    const snapshot = await listRepository(pds, did, collections, limits, asking);
    return { host: pds.host, snapshot, verified: false };
  } finally {
    leave?.();
  }
}
