import assert from "node:assert/strict";
import { parseEndpoint } from "../../lib/client/endpoint.ts";
import { subscriptionTo } from "../../lib/client/subscription.ts";

const V2 = "/xrpc/network.bsky.jetstream.subscribeEvents";
const FIREHOSE = "/xrpc/com.atproto.sync.subscribeRepos";
const FILTER = { collections: ["app.subcult.*", "app.bsky.feed.post"], dids: ["did:plc:a"] };

function query(url: string): URLSearchParams {
  return new URL(url).searchParams;
}

Deno.test("the path selects the protocol, and the source names the instance", () => {
  const cases = [
    ["wss://jetstream1.us-east.bsky.network/subscribe", "v1"],
    [`wss://jetstream.us-east.bsky.network${V2}`, "v2"],
    [`wss://bsky.network${FIREHOSE}`, "firehose"],
  ] as const;
  for (const [url, protocol] of cases) {
    const endpoint = parseEndpoint(url);
    assert.equal(endpoint.protocol, protocol);
    assert.equal(endpoint.source, url.slice("wss://".length));
  }
});

Deno.test("the source keeps the port and the prefix, and drops scheme, credentials and query", () => {
  const plain = parseEndpoint(
    "ws://user:secret@LOCALHOST:6008/proxy/subscribe?maxMessageSizeBytes=9",
  );
  assert.equal(plain.source, "localhost:6008/proxy/subscribe");
  assert.equal(parseEndpoint("wss://host:443/subscribe").source, "host/subscribe");
});

Deno.test("CL-02 the error about an unusable URL says what is accepted", () => {
  const cases: [string, RegExp][] = [
    ["", /not a URL/],
    ["jetstream.example/subscribe", /not a URL/],
    ["https://host/subscribe", /scheme https:.*wss:/],
    ["ftp://host/subscribe", /another scheme.*wss:/],
    ["wss://host", /no path.*\/subscribe.*subscribeEvents.*subscribeRepos/],
    ["wss://host/", /no path.*\/subscribe/],
    ["wss://host/subscribe/", /ends in a slash/],
    [`wss://host${V2.toLowerCase()}`, /a path that is none of the three,/],
    ["wss://host/subscribe?cursor=1", /query parameter cursor/],
    ["wss://host/subscribe?requireHello=true", /query parameter requireHello/],
  ];
  for (const [url, message] of cases) assert.throws(() => parseEndpoint(url), message);
});

Deno.test("the error about a URL does not repeat its credentials", () => {
  for (const url of ["http://user:secret@host/subscribe", "wss://user:secret@host/else"]) {
    assert.throws(() => parseEndpoint(url), (error: Error) => !error.message.includes("secret"));
  }
});

Deno.test("a v1 request always has collections, with the parameter names of v1", () => {
  const endpoint = parseEndpoint("wss://host/subscribe");
  const { url, subprotocol } = subscriptionTo(endpoint, {
    filter: FILTER,
    cursor: "1234567890",
    zstd: true,
  });
  assert.deepEqual(query(url).getAll("wantedCollections"), FILTER.collections);
  assert.deepEqual(query(url).getAll("wantedDids"), FILTER.dids);
  assert.equal(query(url).get("cursor"), "1234567890");
  assert.equal(query(url).get("compress"), "true");
  assert.equal(subprotocol, null);
});

Deno.test("a v2 request has its subprotocol and does not limit kinds", () => {
  const endpoint = parseEndpoint(`wss://host${V2}`);
  const { url, subprotocol } = subscriptionTo(endpoint, {
    filter: FILTER,
    cursor: "7",
    zstd: 20260811,
  });
  assert.deepEqual(query(url).getAll("collections"), FILTER.collections);
  assert.deepEqual(query(url).getAll("dids"), FILTER.dids);
  assert.equal(query(url).get("zstdDictionary"), "20260811");
  assert.equal(query(url).get("kinds"), null);
  assert.equal(query(url).get("wantedCollections"), null);
  assert.equal(query(url).get("compress"), null);
  assert.equal(subprotocol, "xrpc.v1.json");
});

Deno.test("a firehose request has a cursor and no other parameter", () => {
  const endpoint = parseEndpoint(`wss://host${FIREHOSE}`);
  const { url } = subscriptionTo(endpoint, { filter: FILTER, cursor: "7", zstd: null });
  assert.equal(url, `wss://host${FIREHOSE}?cursor=7`);
});

Deno.test("no cursor is sent at the live tip, and other parameters of the address stay", () => {
  const endpoint = parseEndpoint("wss://host/subscribe?maxMessageSizeBytes=9");
  const { url } = subscriptionTo(endpoint, { filter: FILTER, cursor: null, zstd: null });
  assert.equal(query(url).get("cursor"), null);
  assert.equal(query(url).get("compress"), null);
  assert.equal(query(url).get("maxMessageSizeBytes"), "9");
});

Deno.test("a subscription without a collection is an error: it would be the whole network", () => {
  const endpoint = parseEndpoint("wss://host/subscribe");
  const filter = { collections: [], dids: [] };
  assert.throws(() => subscriptionTo(endpoint, { filter, cursor: null, zstd: null }), RangeError);
});
