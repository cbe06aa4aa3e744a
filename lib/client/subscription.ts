import type { Endpoint } from "./endpoint.ts";

/** What the server should send. */
export interface Filter {
  /** NSIDs or `prefix.*`; at least one. */
  readonly collections: readonly string[];
  /** DIDs; empty for every account. */
  readonly dids: readonly string[];
}

/** What to request in one connection. */
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
  /** Sent as the first message; the server sends nothing before it. Null: none. */
  readonly hello?: string | null;
}

/** The one framing that Jetstream v2 serves (atproto proposal 0015). */
const V2_SUBPROTOCOL = "xrpc.v1.json";

/** Proxies usually accept a request line of 8 KB, some only 4 KB. */
export const LONG_ADDRESS = 4_000;

/**
 * The URL of a subscription, with filter, cursor and compression.
 *
 * With many wanted accounts, v1 accepts the filter in a message instead (`requireHello`). v2 has no such
 * message, so its URL can be long.
 *
 * `kinds` of v2 is not limited, although the collection filter affects only commits: identity, account and
 * sync events say when content must be removed, and on a quiet collection they are the only progress.
 *
 * @throws {RangeError} without any collection: the server would send the whole network
 */
export function subscriptionTo(endpoint: Endpoint, request: Request): Subscription {
  const { filter: { collections, dids }, cursor, zstd } = request;
  if (collections.length === 0) {
    throw new RangeError("cannot subscribe: got no collection, expected at least one");
  }
  const url = new URL(endpoint.url);
  // Not `url.searchParams`: it rewrites the whole URL for each parameter.
  const query = new URLSearchParams(url.search);
  let hello: string | null = null;
  if (endpoint.protocol === "v1") {
    if (lengthInAddress(dids) > LONG_ADDRESS) {
      query.set("requireHello", "true");
      const payload = { wantedCollections: collections, wantedDids: dids, maxMessageSizeBytes: 0 };
      hello = JSON.stringify({ type: "options_update", payload });
    } else {
      for (const collection of collections) query.append("wantedCollections", collection);
      for (const did of dids) query.append("wantedDids", did);
    }
    if (zstd !== null) query.set("compress", "true");
  } else if (endpoint.protocol === "v2") {
    for (const collection of collections) query.append("collections", collection);
    for (const did of dids) query.append("dids", did);
    if (typeof zstd === "number") query.set("zstdDictionary", String(zstd));
  }
  if (cursor !== null) query.set("cursor", cursor);
  url.search = query.toString();
  const subprotocol = endpoint.protocol === "v2" ? V2_SUBPROTOCOL : null;
  return { url: url.href, subprotocol, hello };
}

/** Approximate length that these accounts add to a URL: with a name before each, and encoded colons. */
export function lengthInAddress(dids: readonly string[]): number {
  return dids.reduce((length, did) => length + did.length + "&wantedDids=".length + 4, 0);
}
