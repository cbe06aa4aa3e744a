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

/** JSON takes more space, and only wanted records are listed. */
const LISTED_FACTOR = 4;

/** A list may take as long as so many answers: others wait for its place. */
const LISTED_ANSWERS = 10;

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
  const readSigned = async (): Promise<Snapshot> => {
    const car = await query(pds, "com.atproto.sync.getRepo", { did }, { ...asking, maxBytes });
    return await readSignedRepository(car.body, { did, key: signingKey }, wanted);
  };
  const list = (): Promise<Snapshot> => {
    const limits = {
      maxRecords,
      maxBytes: maxBytes * LISTED_FACTOR,
      maxMs: timeoutMs * LISTED_ANSWERS,
    };
    return listRepository(pds, did, collections, limits, asking);
  };
  const leave = options.enter?.(pds.host);
  try {
    const signed = await readSigned().catch(nullIfTooLarge);
    return { host: pds.host, snapshot: signed ?? await list(), verified: signed !== null };
  } catch (error) {
    if (error instanceof SourceError && error.failure === "unreachable") {
      options.rest?.(pds.host, error.retryAfterMs);
    }
    throw error;
  } finally {
    leave?.();
  }
}

function nullIfTooLarge(error: unknown): null {
  if (error instanceof SourceError && error.failure === "too_large") return null;
  throw error;
}
