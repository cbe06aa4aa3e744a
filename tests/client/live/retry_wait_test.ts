/** How soon a server is retried, and what its rejection means. */

import assert from "node:assert/strict";
import { MAX_DEFERRAL_MS, MAX_REST_MS } from "../../../lib/client/live/endpoint_list.ts";
import { InvalidRequestError } from "../../../lib/client/live/stream_error.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { Followed, v1Message } from "../../support/jetstream/followed.ts";
import {
  refuses,
  refusesInText,
  type Script,
  ScriptedServer,
  sends,
  sendsAndCloses,
} from "../../support/jetstream/server.ts";

const RECONNECT = { baseMs: 100, maxMs: 30_000, alertAttempts: 0, maxAttempts: 0 };
const V2_PATH = "/xrpc/network.bsky.jetstream.subscribeEvents";

/** A client of these servers on a stopped clock, with the largest random number for each wait. */
function following(
  clock: FakeClock,
  servers: readonly ScriptedServer[],
  draw = 1,
  path = "/subscribe",
): Followed {
  return new Followed(servers.map((server) => server.url(path)), {
    clock,
    reconnect: RECONNECT,
    random: () => draw,
    idleTimeoutMs: 1e9,
  });
}

/** Lets each of these waits pass, and fails when another one is requested. */
async function pass(clock: FakeClock, ...waits: number[]): Promise<void> {
  for (const wait of waits) {
    await clock.whenPending(wait);
    clock.advance(wait);
  }
}

/** Sends the event at the cursor again, one of this moment, and closes. */
function bringsOne(clock: FakeClock): Script {
  const sent: string[] = [];
  return (peer) => {
    sent.push(v1Message(sent.length + 1, clock.now() * 1000));
    return sendsAndCloses(sent)(peer);
  };
}

Deno.test("a server that sends one new event and closes is retried after growing waits, up to 5 s", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([bringsOne(clock)]);
  await using client = following(clock, [server]);
  await pass(clock, 100, 200, 400, 800, 1600, 3200, 5000, 5000);
  await clock.whenPending(5000);
  assert.equal(client.connections.length, 9);
  assert.deepEqual(client.failures, [], "each brought something");
});

Deno.test("a connection that lasts half a minute resets the backoff", async () => {
  const clock = new FakeClock();
  const drops = bringsOne(clock);
  await using server = new ScriptedServer([drops, drops, drops, sends(), drops]);
  await using client = following(clock, [server]);
  await pass(clock, 100, 200, 400);
  await client.until(() => client.connections.length === 4);
  clock.advance(30_000);
  (await server.peer(3)).drop();
  await pass(clock, 100, 100);
  await client.until(() => client.connections.length === 6);
});

Deno.test("a proxy that closes a quiet connection after a minute does not count as failing, and stays preferred", async () => {
  const clock = new FakeClock();
  await using proxied = new ScriptedServer([sends()]);
  await using other = new ScriptedServer([sends()]);
  await using client = following(clock, [proxied, other]);
  for (let minute = 1; minute <= 12; minute++) {
    await client.until(() => client.connections.length === minute);
    clock.advance(60_000);
    (await proxied.peer(minute - 1)).drop();
    await pass(clock, 100);
  }
  await client.until(() => client.connections.length === 13);
  assert.deepEqual(client.failures, []);
  assert.equal(other.peers.length, 0);
});

Deno.test("after five short connections the next endpoint is used", async () => {
  const clock = new FakeClock();
  await using flapping = new ScriptedServer([bringsOne(clock)]);
  await using steady = new ScriptedServer([sends()]);
  await using client = following(clock, [flapping, steady]);
  await pass(clock, 100, 200, 400, 800, 1600);
  await client.until(() => client.connections.length === 6);
  assert.equal(flapping.peers.length, 5);
  assert.equal(steady.peers.length, 1);
});

for (const code of [1008, 1012, 1013]) {
  Deno.test(`after a close with ${code} the wait is longer than after another, also after a long connection`, async () => {
    const clock = new FakeClock();
    await using server = new ScriptedServer([sends(), sends()]);
    await using client = following(clock, [server]);
    await client.until(() => client.connections.length === 1);
    clock.advance(3_600_000);
    await (await server.peer(0)).close(code, "not now");
    await pass(clock, 1600);
    await client.until(() => client.connections.length === 2);
    assert.deepEqual(client.failures, []);
    assert.deepEqual(client.endings, [{ kind: "closed", code, reason: "not now" }]);
  });
}

Deno.test("after a rejection the wait is longer than after a dead connection, and at least half of its maximum", async () => {
  for (const [draw, waits] of [[1, [1600, 3200, 6400]], [0, [800, 1600, 3200]]] as const) {
    const clock = new FakeClock();
    await using server = new ScriptedServer([refusesInText(503, "starting")]);
    await using client = following(clock, [server], draw);
    await pass(clock, ...waits);
    await client.until(() => client.failures.length === 4);
  }
});

Deno.test("Retry-After is honoured as seconds and as a date, up to a quarter of an hour", async () => {
  const clock = new FakeClock();
  // A whole second, as HTTP's dates are.
  const inTwoMinutes = (): string => new Date(clock.now() + 120_400).toUTCString();
  await using server = new ScriptedServer([
    refusesInText(429, "no", { "Retry-After": "70" }),
    (peer) => refusesInText(503, "no", { "Retry-After": inTwoMinutes() })(peer),
    refusesInText(503, "no", { "Retry-After": "86400" }),
    refusesInText(503, "no", { "Retry-After": "soon" }),
    sends(),
  ]);
  await using client = following(clock, [server]);
  await pass(clock, 70_000 + 1600, 120_400 + 3200, MAX_DEFERRAL_MS + 6400, 12_800);
  await client.until(() => client.connections.length === 1);
});

Deno.test("while one server must not be retried, the next is used at once", async () => {
  const clock = new FakeClock();
  await using busy = new ScriptedServer([refusesInText(429, "no", { "Retry-After": "600" })]);
  await using other = new ScriptedServer([sends()]);
  await using client = following(clock, [busy, other]);
  await pass(clock, 1600);
  await client.until(() => client.connections.length === 1);
  assert.equal(other.peers.length, 1);
});

const PROXY_PAGES: readonly (readonly [string, Script])[] = [
  ["an HTML page", refusesInText(400, "<html><title>400 Bad Request</title></html>")],
  ["a text of no Jetstream", refusesInText(400, "400 Bad Request: invalid header name")],
  ["nothing", refusesInText(400, "")],
  ["JSON of another kind", refusesInText(400, '{"code":400,"message":"invalid options"}')],
];

for (const [what, script] of PROXY_PAGES) {
  for (const path of ["/subscribe", V2_PATH]) {
    Deno.test(`a 400 that says ${what} is retried (${path})`, async () => {
      await using server = new ScriptedServer([script, script, sends()]);
      await using client = new Followed([server.url(path)]);
      await client.until(() => client.connections.length === 1);
      assert.deepEqual(client.failures.map(({ failures }) => failures), [1, 2]);
    });
  }
}

Deno.test("a 400 in which a v1 server, old or new, names the request as wrong is final", async () => {
  for (
    const text of [
      "subscribe: invalid options: invalid collection: x",
      'subscribe: invalid cursor: "x"',
      "invalid subscriber options: too many wanted DIDs",
      "invalid cursor: x",
    ]
  ) {
    await using server = new ScriptedServer([refusesInText(400, text)]);
    await using client = new Followed([server.url()]);
    await assert.rejects(client.done, (error) => {
      assert.ok(error instanceof InvalidRequestError);
      assert.ok(error.message.includes(text));
      return true;
    });
    assert.equal(server.peers.length, 1);
  }
});

Deno.test("an excluded endpoint is retried after an hour, and read when it accepts the request", async () => {
  const clock = new FakeClock();
  await using updated = new ScriptedServer([refuses(400, "InvalidRequest", "dids"), sends()]);
  await using other = new ScriptedServer([sends()]);
  await using client = following(clock, [updated, other], 1, V2_PATH);
  await client.until(() => client.connections.length === 1);
  assert.equal(other.peers.length, 1);
  clock.advance(MAX_REST_MS);
  await (await other.peer(0)).pingPong();
  await client.until(() => client.connections.length === 2);
  assert.equal(updated.peers.length, 2);
  assert.deepEqual(client.codes, ["source_excluded", "source_changed", "source_changed"]);
});

Deno.test("interim answers before the 101 are skipped", async () => {
  await using server = new ScriptedServer([async (peer) => {
    await peer.raw("HTTP/1.1 100 Continue\r\n\r\n");
    await peer.raw("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
    await sends(v1Message(1))(peer);
  }]);
  await using client = new Followed([server.url()]);
  await client.received(1);
  assert.deepEqual(client.failures, []);
});

Deno.test("the error about a redirect names its target, without the query", async () => {
  const location = "wss://elsewhere.example/subscribe?wantedDids=did:plc:x";
  await using server = new ScriptedServer([
    refusesInText(301, "moved", { "Location": location }),
    sends(),
  ]);
  await using client = new Followed([server.url()]);
  await client.until(() => client.connections.length === 1);
  const said = client.failures[0]?.error.message ?? "";
  assert.match(
    said,
    /HTTP 301.*redirects to wss:\/\/elsewhere\.example\/subscribe: set JETSTREAM_URL/,
  );
  assert.doesNotMatch(said, /did:plc/);
});

Deno.test("an address that is too long for a proxy is reported with what makes it long", async () => {
  await using server = new ScriptedServer([refusesInText(414, "<html>"), sends()]);
  await using client = new Followed([server.url()]);
  await client.until(() => client.connections.length === 1);
  assert.match(client.failures[0]?.error.message ?? "", /HTTP 414.*WANTED_DIDS/);
});

Deno.test("the code and the reason of a close are reported", async () => {
  await using server = new ScriptedServer([sendsAndCloses([], 1013), sends()]);
  await using client = new Followed([server.url()]);
  await client.until(() => client.connections.length === 2);
  assert.match(client.failures[0]?.error.message ?? "", /code 1013: server shutting down$/);
});
