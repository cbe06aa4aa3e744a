import type { Endpoint } from "./endpoint.ts";

/** What the server should send. */
export interface Filter {
  /** NSIDs or `prefix.*`; at least one. */
  readonly collections: readonly string[];
  /** DIDs; empty for every account. */
  readonly dids: readonly string[];
}

/** What to ask for in one connection. */
export interface Request {
  readonly filter: Filter;
  /** Sent as it is; null starts at the live tip. */
  readonly cursor: string | null;
  /**
   * Compressed frames: true for v1, whose dictionary never changes, the id of a dictionary for v2,
   * null for plain ones. The firehose has none.
   */
  readonly zstd: true | number | null;
}

/** Where to connect, and how. */
export interface Subscription {
  readonly url: string;
  readonly subprotocol: string | null;
}

/** The one framing that Jetstream v2 serves (atproto proposal 0015). */
const V2_SUBPROTOCOL = "xrpc.v1.json";

/**
 * The address of a subscription, with filter, cursor and compression.
 *
 * `kinds` of v2 is left open, though the collection filter touches commits only: identity, account
 * and sync events say when content must go, and on a quiet collection they are the only progress.
 *
 * @throws {RangeError} without any collection: the server would send the whole network
 */
export function subscriptionTo(endpoint: Endpoint, request: Request): Subscription {
  const { filter, cursor, zstd } = request;
  if (filter.collections.length === 0) {
    throw new RangeError("cannot subscribe: got no collection, expected at least one");
  }
  const url = new URL(endpoint.url);
  const query = url.searchParams;
  if (endpoint.protocol === "v1") {
    for (const collection of filter.collections) query.append("wantedCollections", collection);
    for (const did of filter.dids) query.append("wantedDids", did);
    if (zstd !== null) query.set("compress", "true");
  } else if (endpoint.protocol === "v2") {
    for (const collection of filter.collections) query.append("collections", collection);
    for (const did of filter.dids) query.append("dids", did);
    if (typeof zstd === "number") query.set("zstdDictionary", String(zstd));
  }
  if (cursor !== null) query.set("cursor", cursor);
  return { url: url.href, subprotocol: endpoint.protocol === "v2" ? V2_SUBPROTOCOL : null };
}
