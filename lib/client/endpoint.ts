/** What a server speaks: Jetstream v1 (JSON), Jetstream v2 (XRPC), or a relay's raw firehose. */
export type Protocol = "v1" | "v2" | "firehose";

/** One server to read from. */
export interface Endpoint {
  /** Where to connect, without cursor and filter. May hold credentials: not for logs. */
  readonly url: string;
  readonly protocol: Protocol;
  /**
   * Stable name of the instance, `host[:port]/path` without scheme, credentials and query. It is
   * stored beside the cursor, because a sequence number means nothing on another instance.
   */
  readonly source: string;
}

const PATHS: readonly (readonly [suffix: string, protocol: Protocol])[] = [
  ["/subscribe", "v1"],
  ["/xrpc/network.bsky.jetstream.subscribeEvents", "v2"],
  ["/xrpc/com.atproto.sync.subscribeRepos", "firehose"],
];

/**
 * Parameters that the program sets itself. One of them written into the address would either
 * contradict the settings or, like `requireHello`, make the server wait for ever.
 */
const RESERVED = new Set([
  "cursor",
  "wantedCollections",
  "wantedDids",
  "compress",
  "requireHello",
  "collections",
  "dids",
  "kinds",
  "zstdDictionary",
]);

/**
 * Reads the address of a server. The end of the path tells the protocol; what stands before it may
 * be the prefix of a reverse proxy.
 *
 * @throws {TypeError} when the scheme is neither ws nor wss, the path is none of the three, or the
 * query sets what the program sets
 */
export function parseEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) {
    throw new TypeError(
      "cannot use a server address: got text that is not a URL, expected wss://HOST/PATH",
    );
  }
  if (url.protocol !== "wss:" && url.protocol !== "ws:") {
    throw new TypeError(
      `cannot use a server address: got the scheme ${url.protocol}//, expected wss:// or ws://`,
    );
  }
  const protocol = PATHS.find(([suffix]) => url.pathname.endsWith(suffix))?.[1];
  if (protocol === undefined) {
    const expected = PATHS.map(([suffix]) => suffix).join(", ");
    throw new TypeError(
      `cannot use a server address: got the path ${url.pathname}, expected one that ends in one of ` +
        expected,
    );
  }
  const reserved = [...url.searchParams.keys()].find((name) => RESERVED.has(name));
  if (reserved !== undefined) {
    throw new TypeError(
      `cannot use a server address: got the query parameter ${reserved}, expected it to be left to ` +
        "the settings",
    );
  }
  url.hash = "";
  return { url: url.href, protocol, source: url.host + url.pathname };
}
