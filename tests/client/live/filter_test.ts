/** Connecting with many accounts, with private authorities, and to names with dead addresses. */

import assert from "node:assert/strict";
import { connect, HEAD_START_MS, type Network } from "../../../lib/client/socket/connect.ts";
import { InvalidRequestError } from "../../../lib/client/live/stream_error.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { LONG_ADDRESS, subscriptionTo } from "../../../lib/client/subscription.ts";
import { ConfigError, readConfig } from "../../../lib/config.ts";
import { told } from "../../support/command_output.ts";
import { TEST_CERT, TEST_KEY, TEST_ROOT } from "../../support/jetstream/certificate.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { Followed, v1Message } from "../../support/jetstream/followed.ts";
import { refuses, type Script, ScriptedServer, sends } from "../../support/jetstream/server.ts";
import type { Peer } from "../../support/jetstream/websocket_server.ts";
import { within } from "../../support/within.ts";

const V2_PATH = "/xrpc/network.bsky.jetstream.subscribeEvents";
const COLLECTIONS = ["app.subcult.*"];

function manyDids(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, at) => `did:plc:${String(from + at).padStart(24, "a")}`);
}

/** The first text message that a client sends. */
async function helloOf(peer: Peer): Promise<string> {
  const said = Promise.withResolvers<string>();
  peer.onData = (_, payload) => said.resolve(new TextDecoder().decode(payload));
  await peer.accept();
  return await within(said.promise, "the first message of the client");
}

Deno.test("300 accounts are sent to a v1 server in a message, and its address stays short", async () => {
  const dids = manyDids(300);
  const hellos: unknown[] = [];
  await using server = new ScriptedServer([async (peer) => {
    hellos.push(JSON.parse(await helloOf(peer)));
    await peer.send(v1Message(1));
  }]);
  await using client = new Followed([server.url()], {
    filter: { collections: COLLECTIONS, dids },
    startCursor: "17",
  });
  await client.received(1);
  const { query } = (await server.peer(0)).request;
  assert.deepEqual([...query.keys()].toSorted(), ["cursor", "requireHello"]);
  assert.equal(query.get("requireHello"), "true");
  const payload = { wantedCollections: COLLECTIONS, wantedDids: dids, maxMessageSizeBytes: 0 };
  assert.deepEqual(hellos, [{ type: "options_update", payload }]);
});

Deno.test("few accounts stay in the address, where old proxies and servers read them", () => {
  const endpoint = parseEndpoint("wss://host/subscribe");
  const filter = { collections: COLLECTIONS, dids: manyDids(50) };
  const { url, hello } = subscriptionTo(endpoint, { filter, cursor: null, zstd: null });
  assert.equal(new URL(url).searchParams.getAll("wantedDids").length, 50);
  assert.equal(hello, null);
  assert.ok(url.length < LONG_ADDRESS);
});

Deno.test("building the URL for ten thousand accounts is fast", () => {
  const filter = { collections: COLLECTIONS, dids: manyDids(10_000) };
  // Once for each parameter the whole address would be written anew: half a minute, not milliseconds.
  let written = 0;
  const search = Object.getOwnPropertyDescriptor(URL.prototype, "search")!;
  Object.defineProperty(URL.prototype, "search", {
    ...search,
    set: function (this: URL, text: string): void {
      written++;
      search.set!.call(this, text);
    },
  });
  try {
    const endpoint = parseEndpoint(`wss://host${V2_PATH}`);
    const { url } = subscriptionTo(endpoint, { filter, cursor: "7", zstd: null });
    assert.deepEqual(new URL(url).searchParams.getAll("dids"), filter.dids);
    assert.equal(written, 1);
  } finally {
    Object.defineProperty(URL.prototype, "search", search);
  }
});

Deno.test("a filter that a server rejects after the message is a final error, with the server's words", async () => {
  for (
    const [code, reason] of [
      [1008, "subscribe: invalid options: invalid DID: x"],
      [1000, "failed to parse subscriber options: invalid subscriber options"],
    ] as const
  ) {
    await using server = new ScriptedServer([async (peer) => {
      await helloOf(peer);
      await peer.close(code, reason);
    }]);
    await using client = new Followed([server.url()], {
      filter: { collections: COLLECTIONS, dids: manyDids(300) },
    });
    await assert.rejects(client.done, (error) => {
      assert.ok(error instanceof InvalidRequestError);
      assert.ok(error.message.includes(reason));
      return true;
    });
  }
});

const DEVELOPMENT = { SUBCULT_ENV: "development" };

Deno.test("accounts are read from several variables, because one holds about 3900", () => {
  const { jetstream: { wantedDids } } = readConfig({
    ...DEVELOPMENT,
    WANTED_DIDS: manyDids(3_500).join(","),
    WANTED_DIDS_2: manyDids(3_500, 3_000).join(","),
    WANTED_DIDS_3: manyDids(3_500, 6_500).join(","),
  });
  assert.deepEqual(wantedDids, manyDids(10_000));
});

Deno.test("more accounts than a server accepts are a configuration error, also in several variables", () => {
  const problems = (env: Record<string, string>): string => {
    try {
      readConfig({ ...DEVELOPMENT, ...env });
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
    }
    return "";
  };
  const two = { WANTED_DIDS: manyDids(6_000).join(), WANTED_DIDS_3: manyDids(6_000, 6_000).join() };
  assert.match(
    problems(two),
    /cannot use WANTED_DIDS: got 12000 DIDs in total, expected at most 10000/,
  );
  const long = manyDids(1_000).map((did) => did + "x".repeat(1_500)).join();
  assert.equal(problems({ WANTED_DIDS: long }), "");
  assert.match(
    problems({ WANTED_DIDS: long, JETSTREAM_URL: `wss://host${V2_PATH}` }),
    /cannot use WANTED_DIDS: .*URL of \d+ bytes, expected at most 1000000 with a v2 server/,
  );
  assert.match(
    problems({ WANTED_DIDS_4: "did:plc:abc" }),
    /cannot use WANTED_DIDS_4: there is no such/,
  );
});

Deno.test("a long address for v2 is allowed, and reported", () => {
  const env = { ...DEVELOPMENT, WANTED_DIDS: manyDids(300).join() };
  assert.deepEqual(
    readConfig(env).notices.filter((notice) => notice.includes("WANTED_DIDS")),
    [],
    "v1 takes them in a message",
  );
  const { notices } = readConfig({ ...env, JETSTREAM_URL: `wss://host${V2_PATH}` });
  assert.ok(notices.some((notice) => /^WANTED_DIDS make a URL of \d+ bytes/.test(notice)));
});

Deno.test("a proxy in the environment is reported as not used", () => {
  const { notices } = readConfig({ ...DEVELOPMENT, HTTPS_PROXY: "http://user:pass@proxy:3128" });
  const said = notices.filter((notice) => notice.includes("HTTPS_PROXY"));
  assert.deepEqual(said, ["HTTPS_PROXY: no proxy is used, all connections are direct"]);
});

Deno.test("check uses the real filter and authority, and prints the server's own sentence", async () => {
  const tls = { cert: TEST_CERT, key: TEST_KEY };
  const script: Script = async (peer) => {
    const dids = peer.request.query.getAll("dids");
    if (dids.length === 0) await refuses(500, "InternalServerError", "no filter came")(peer);
    else await refuses(400, "InvalidRequest", `${dids[0]} is on no list of ours`)(peer);
  };
  await using server = new ScriptedServer([script], { tls });
  const env = {
    ...DEVELOPMENT,
    DATABASE_URL: "postgres://nobody@127.0.0.1:9/none",
    JETSTREAM_URL: server.url(V2_PATH),
    JETSTREAM_ROOT_CERT: TEST_ROOT,
    WANTED_DIDS: "did:plc:alice",
  };
  const { out } = await told(["check"], { env });
  const line = out.find((line) => line.includes("stream")) ?? "";
  assert.match(line, /HTTP 400 InvalidRequest: did:plc:alice is on no list of ours$/);
});

Deno.test("check sends a long filter to a v1 server, and reports its rejection", async () => {
  await using server = new ScriptedServer([async (peer) => {
    await helloOf(peer);
    await peer.close(1008, "subscribe: invalid options: not you");
  }]);
  const env = {
    ...DEVELOPMENT,
    DATABASE_URL: "postgres://nobody@127.0.0.1:9/none",
    JETSTREAM_URL: server.url(),
    WANTED_DIDS: manyDids(300).join(),
  };
  const { out } = await told(["check"], { env });
  const line = out.find((line) => line.includes("stream")) ?? "";
  assert.match(line, /FAIL.*code 1008: subscribe: invalid options: not you$/);
});

Deno.test("a stream with a private authority is read only with its certificate", async () => {
  const tls = { cert: TEST_CERT, key: TEST_KEY };
  await using server = new ScriptedServer([sends(v1Message(1))], { tls });
  await using trusting = new Followed([server.url()], { caCerts: [TEST_ROOT] });
  await trusting.received(1);
  await using other = new Followed([server.url()]);
  await other.until(() => other.failures.length > 0);
  assert.match(other.failures[0]?.error.message ?? "", /certificate/i);
});

/** A network in which only these addresses answer; the name itself hangs, as behind a dead address. */
function network(lively: readonly string[], all: readonly string[]): {
  readonly network: Network;
  readonly open: Set<string>;
} {
  const open = new Set<string>();
  return {
    open,
    network: {
      addressesOf: () => Promise.resolve(all),
      connect: ({ hostname, signal }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
          if (!lively.includes(hostname)) return;
          open.add(hostname);
          resolve({ close: () => open.delete(hostname) } as unknown as Deno.Conn);
        }),
    },
  };
}

Deno.test("a name with a dead IPv6 address is reached by its other one, a moment later", async () => {
  const clock = new FakeClock();
  const { network: net, open } = network(["192.0.2.7"], ["2001:db8::7", "192.0.2.7"]);
  const { signal } = new AbortController();
  const reached = connect({ hostname: "stream.example", port: 443 }, signal, net, clock);
  await clock.whenPending(HEAD_START_MS);
  assert.deepEqual([...open], []);
  clock.advance(HEAD_START_MS);
  await reached;
  assert.deepEqual([...open], ["192.0.2.7"]);
});

Deno.test("of several open connections one is used, and the others are closed", async () => {
  const clock = new FakeClock();
  const { network: net, open } = network(["192.0.2.7", "192.0.2.8"], ["192.0.2.7", "192.0.2.8"]);
  const reached = connect(
    { hostname: "stream.example", port: 443 },
    new AbortController().signal,
    net,
    clock,
  );
  await clock.whenPending(HEAD_START_MS);
  clock.advance(HEAD_START_MS);
  await reached;
  assert.equal(open.size, 1);
});

Deno.test("when no address of a name answers, the error is that of the name, and an abort ends the attempts", async () => {
  const clock = new FakeClock();
  const refused: Network = {
    addressesOf: () => Promise.reject(new Error("no DNS")),
    connect: () => Promise.reject(new Error("connection refused")),
  };
  const target = { hostname: "stream.example", port: 443 };
  const { signal } = new AbortController();
  await assert.rejects(connect(target, signal, refused, clock), /connection refused/);
  const stop = new AbortController();
  const waiting = connect(target, stop.signal, network([], []).network, clock);
  stop.abort();
  await assert.rejects(waiting, /aborted/);
  assert.deepEqual(clock.pending, []);
});
