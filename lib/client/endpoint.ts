/** A server's protocol: Jetstream v1 (JSON), Jetstream v2 (XRPC), or a relay's raw firehose. */
export type Protocol = "v1" | "v2" | "firehose";

/** One server to read from. */
export interface Endpoint {
  /** Where to connect, without cursor and filter. May hold credentials: not for logs. */
  readonly url: string;
  readonly protocol: Protocol;
  /**
   * Stable name of the instance, `host[:port]/path` without scheme, credentials and query. Stored with the
   * cursor, because a sequence number means nothing on another instance.
   */
  readonly source: string;
}

const PATHS: readonly (readonly [suffix: string, protocol: Protocol])[] = [
  ["/subscribe", "v1"],
  ["/xrpc/network.bsky.jetstream.subscribeEvents", "v2"],
  ["/xrpc/com.atproto.sync.subscribeRepos", "firehose"],
];

/**
 * Parameters that the program sets itself. In the URL they would contradict the settings or, like
 * `requireHello`, make the server wait forever.
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

/** A URL that can't be used. The message repeats no part that could be secret. */
export class EndpointError extends TypeError {
  override readonly name = "EndpointError";
  constructor(readonly why: string, expected: string) {
    super(`cannot use a server address: ${why}, expected ${expected}`);
  }
}

const EXPECTED_URL = "wss://HOST/PATH";
const EXPECTED_PATH = `a path that ends in ${
  PATHS.map(([suffix, protocol]) => `${suffix} (${protocol})`).join(", ")
}`;

/**
 * Parses the URL of a server. The end of the path selects the protocol; the part before it may be the prefix
 * of a reverse proxy.
 *
 * @throws {EndpointError} when the scheme is neither ws nor wss, the path is none of the three, or the query
 * has a reserved parameter
 */
export function parseEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw new EndpointError("got text that is not a URL", EXPECTED_URL);
  if (url.protocol !== "wss:" && url.protocol !== "ws:") {
    const scheme = /^https?:$/.test(url.protocol)
      ? `the scheme ${url.protocol}//`
      : "another scheme";
    throw new EndpointError(`got ${scheme}`, EXPECTED_URL);
  }
  const protocol = PATHS.find(([suffix]) => url.pathname.endsWith(suffix))?.[1];
  if (protocol === undefined) {
    const path = url.pathname.replace(/\/+$/, "");
    const isSlip = PATHS.some(([suffix]) => path.endsWith(suffix));
    const why = path === ""
      ? "got no path"
      : `got a path that is none of the three${isSlip ? ": it ends in a slash" : ""}`;
    throw new EndpointError(why, EXPECTED_PATH);
  }
  const reserved = [...url.searchParams.keys()].find((name) => RESERVED.has(name));
  if (reserved !== undefined) {
    const why = `got the query parameter ${reserved}`;
    throw new EndpointError(why, "it to be left to the settings");
  }
  url.hash = "";
  return { url: url.href, protocol, source: url.host + url.pathname };
}
