import assert from "node:assert/strict";
import { Compression } from "../../../lib/client/live/compression.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import {
  EndpointList,
  MAX_DEFERRAL_MS,
  MAX_REST_MS,
  REST_MS,
} from "../../../lib/client/live/endpoint_list.ts";
import { CursorTooOldError, InvalidRequestError } from "../../../lib/client/live/stream_error.ts";
import { RESUME_MARGIN_US, type ResumePoint } from "../../../lib/client/live/resume_point.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { Followed, positionOf, v1Message } from "../../support/jetstream/followed.ts";
import {
  refuses,
  refusesInText,
  ScriptedServer,
  sends,
  sendsAndCloses,
  sendsAndDrops,
} from "../../support/jetstream/server.ts";
import { within } from "../../support/within.ts";

const BACKOFF = { baseMs: 100, maxMs: 1000, alertAttempts: 0, maxAttempts: 0 };
const V2_PATH = "/xrpc/network.bsky.jetstream.subscribeEvents";
const FIREHOSE_PATH = "/xrpc/com.atproto.sync.subscribeRepos";

function sourceOf(url: string): string {
  return parseEndpoint(url).source;
}

/** A v1 message whose event happens now. */
function fresh(clock: FakeClock, seq: number): string {
  return v1Message(seq, clock.now() * 1000);
}

Deno.test("the first endpoint that is not resting is used, and a rest doubles up to an hour", () => {
  const clock = new FakeClock();
  const [a, b] = [parseEndpoint("wss://a/subscribe"), parseEndpoint("wss://b/subscribe")];
  const list = new EndpointList([a, b], clock);
  let rest = REST_MS;
  for (let turn = 0; turn < 5; turn++) {
    assert.equal(list.current(), a);
    list.rest(a);
    assert.equal(list.current(), b);
    clock.advance(rest - 1);
    assert.equal(list.hasBetter(b), false);
    clock.advance(1);
    assert.equal(list.hasBetter(b), true);
    rest = Math.min(rest * 2, MAX_REST_MS);
  }
  list.restore(a);
  list.rest(a);
  clock.advance(REST_MS);
  assert.equal(list.current(), a);
});

Deno.test("when all endpoints rest, all are tried in turn", () => {
  const clock = new FakeClock();
  const hosts = ["a", "b", "c"];
  const list = new EndpointList(
    hosts.map((host) => parseEndpoint(`wss://${host}/subscribe`)),
    clock,
  );
  const tried: string[] = [];
  for (let turn = 0; turn < 6; turn++) {
    const endpoint = list.current();
    assert.ok(endpoint);
    tried.push(endpoint.source.slice(0, 1));
    list.rest(endpoint);
    clock.advance(1);
  }
  assert.deepEqual(tried, ["a", "b", "c", "a", "b", "c"]);
});

Deno.test("an excluded endpoint is retried every hour, not sooner, even if there is no other", () => {
  const clock = new FakeClock();
  const [a, b] = [parseEndpoint("wss://a/subscribe"), parseEndpoint("wss://b/subscribe")];
  const list = new EndpointList([a, b], clock);
  for (let hour = 0; hour < 3; hour++) {
    list.exclude(a);
    list.rest(b);
    assert.equal(list.current(), b);
    clock.advance(MAX_REST_MS - 1);
    assert.equal(list.current(), b);
    clock.advance(1);
    assert.equal(list.current(), a);
  }
  list.exclude(b);
  assert.equal(list.current(), null, "every one refuses the request");
  list.admit(a);
  assert.equal(list.current(), a);
});

Deno.test("an endpoint is not retried for as long as it asks, up to 15 minutes, while others are used", () => {
  const clock = new FakeClock();
  const [a, b] = [parseEndpoint("wss://a/subscribe"), parseEndpoint("wss://b/subscribe")];
  const list = new EndpointList([a, b], clock);
  list.rest(a);
  list.defer(a, 3_600_000);
  assert.equal(list.notBeforeMs, 0);
  list.rest(b);
  clock.advance(REST_MS / 2);
  assert.equal(list.current(), b, "it may be asked, and the other may not");
  list.defer(b, 2_000);
  assert.equal(list.notBeforeMs, 2_000);
  clock.advance(MAX_DEFERRAL_MS);
  assert.equal(list.current(), a);
});

Deno.test("an endpoint rests after five short connections, even if they brought events", () => {
  const clock = new FakeClock();
  const [a, b] = [parseEndpoint("wss://a/subscribe"), parseEndpoint("wss://b/subscribe")];
  const list = new EndpointList([a, b], clock);
  for (let short = 0; short < 4; short++) list.connectionEnded(a, false);
  list.connectionEnded(a, true);
  for (let short = 0; short < 4; short++) list.connectionEnded(a, false);
  assert.equal(list.current(), a);
  list.connectionEnded(a, false);
  assert.equal(list.current(), b);
});

Deno.test("after a dead endpoint the next one is used, from a time before the cursor", async () => {
  await using dead = new ScriptedServer([refusesInText(503, "down")]);
  await using alive = new ScriptedServer([sends(v1Message(5))]);
  const timeUs = 1_787_218_201_000_000;
  const resume: ResumePoint = { cursor: 90_211_733, timeUs, source: sourceOf(dead.url()) };
  await using client = new Followed([dead.url(), alive.url()], { resumePoint: () => resume });
  await client.received(1);
  assert.equal((await dead.peer(0)).request.query.get("cursor"), "90211733");
  assert.deepEqual(client.connections, [{
    source: sourceOf(alive.url()),
    cursor: String(timeUs - RESUME_MARGIN_US),
    failures: 1,
  }]);
});

Deno.test("an endpoint that drops connections is retried first; one that brings nothing is replaced", async () => {
  await using first = new ScriptedServer([
    sendsAndCloses([v1Message(1)]),
    sendsAndDrops(v1Message(2)),
    sendsAndDrops(),
  ]);
  await using second = new ScriptedServer([sends(v1Message(3))]);
  await using client = new Followed([first.url(), second.url()]);
  await client.until(() => client.connections.length === 4);
  const [a, b] = [sourceOf(first.url()), sourceOf(second.url())];
  assert.deepEqual(client.connections.map(({ source }) => source), [a, a, a, b]);
  assert.deepEqual(client.codes, ["source_changed"]);
});

Deno.test("a connected but silent endpoint is replaced by the next, however long it was connected", async () => {
  const clock = new FakeClock();
  await using silent = new ScriptedServer([sends()]);
  await using alive = new ScriptedServer([(peer) => sends(fresh(clock, 7))(peer)]);
  await using client = new Followed([silent.url(), alive.url()], {
    clock,
    reconnect: BACKOFF,
    random: () => 1,
  });
  await client.until(() => client.connections.length === 1);
  await clock.whenPending(90_000);
  clock.advance(90_000);
  await clock.whenPending(100);
  clock.advance(100);
  await client.received(1);
  assert.deepEqual(client.endings, [{ kind: "idle" }]);
  assert.equal(client.connections[1]?.source, sourceOf(alive.url()));
});

Deno.test("when the first endpoint has rested, it is used again", async () => {
  const clock = new FakeClock();
  await using first = new ScriptedServer([
    refusesInText(503, "down"),
    (peer) => sends(fresh(clock, 100))(peer),
  ]);
  await using second = new ScriptedServer([(peer) => sends(fresh(clock, 7))(peer)]);
  await using client = new Followed([first.url(), second.url()], {
    clock,
    reconnect: BACKOFF,
    random: () => 1,
    idleTimeoutMs: 1e9,
  });
  await clock.whenPending(1000);
  clock.advance(1000);
  await client.received(1);
  clock.advance(REST_MS);
  // A ping is enough for the check of other endpoints.
  await (await second.peer(0)).pingPong();
  await client.received(2);
  const [a, b] = [sourceOf(first.url()), sourceOf(second.url())];
  assert.deepEqual(client.connections.map(({ source }) => source), [b, a]);
  assert.equal(client.failures.length, 1);
});

Deno.test("an endpoint whose events stay old is replaced by another", async () => {
  const clock = new FakeClock();
  await using behind = new ScriptedServer([async (peer) => {
    await peer.accept();
    for (let minute = 0; minute < 5 && !peer.isGone; minute++) {
      await peer.send(v1Message(minute, (clock.now() - 3_600_000) * 1000));
      await peer.pingPong();
      if (!peer.isGone) clock.advance(60_000);
    }
  }]);
  await using current = new ScriptedServer([(peer) => {
    return sends(v1Message(7, Number(peer.request.query.get("cursor"))))(peer);
  }]);
  await using client = new Followed([behind.url(), current.url()], { clock });
  await client.until(() => client.sources.includes(sourceOf(current.url())));
  assert.deepEqual(client.codes, ["source_lagging", "source_changed"]);
  assert.deepEqual(client.failures, []);
});

Deno.test("the only endpoint is kept, however far behind it is", async () => {
  const clock = new FakeClock();
  await using behind = new ScriptedServer([async (peer) => {
    await peer.accept();
    for (let minute = 0; minute < 10; minute++) {
      await peer.send(v1Message(minute, (clock.now() - 3_600_000) * 1000));
      await peer.pingPong();
      clock.advance(60_000);
    }
  }]);
  await using client = new Followed([behind.url()], { clock });
  await client.received(10);
  assert.equal(client.connections.length, 1);
});

Deno.test("T12 a cursor that is too old is reported to the caller, which reads the archive", async () => {
  await using server = new ScriptedServer([refuses(400, "CursorTooOld", "the floor is 88")]);
  await using client = new Followed([server.url(V2_PATH)], { startCursor: "0" });
  await assert.rejects(client.done, (error) => {
    assert.ok(error instanceof CursorTooOldError);
    assert.equal(error.cursor, "0");
    assert.equal(error.source, sourceOf(server.url(V2_PATH)));
    return true;
  });
});

Deno.test("an invalid request excludes the endpoint; when no other is left, it ends", async () => {
  await using wrong = new ScriptedServer([refuses(400, "InvalidRequest", "no such collection")]);
  await using right = new ScriptedServer([sends(v1Message(1))]);
  await using client = new Followed([wrong.url(V2_PATH), right.url()]);
  await client.received(1);
  assert.deepEqual(client.codes, ["source_excluded"]);
  assert.equal(wrong.peers.length, 1);
  await using alone = new Followed([wrong.url(V2_PATH)]);
  await assert.rejects(alone.done, InvalidRequestError);
});

Deno.test("a 400 without an XRPC error, or with an unknown one, is retried", async () => {
  await using server = new ScriptedServer([
    refusesInText(400, "<html>Bad Request</html>"),
    refusesInText(404, "not found"),
    refuses(400, "NameOfTheFuture", "not now"),
    sends(),
  ]);
  await using client = new Followed([server.url(V2_PATH)]);
  await client.until(() => client.connections.length === 1);
  assert.deepEqual(client.failures.map(({ failures }) => failures), [1, 2, 3]);
});

Deno.test("a rejected v2 dictionary is fetched again once, then frames are plain", async () => {
  const asked: (string | null)[] = [];
  await using server = new ScriptedServer([async (peer) => {
    const id = peer.request.query.get("zstdDictionary");
    asked.push(id);
    if (id === null) await sends()(peer);
    else await refuses(400, "UnknownZstdDictionary")(peer);
  }]);
  const ids = [1, 2];
  await using client = new Followed([server.url(V2_PATH)], {
    compress: true,
    fetchDictionary: () => Promise.resolve(ids.shift() ?? 3),
  });
  await client.until(() => client.connections.length === 1);
  assert.deepEqual(asked, ["1", "2", null]);
  assert.deepEqual(client.codes, ["uncompressed"]);
  assert.equal(client.failures.length, 0);
});

Deno.test("a v2 dictionary that worked and is replaced later is fetched again, each time", async () => {
  const asked: (string | null)[] = [];
  const current = ["2", "2", "3"];
  await using server = new ScriptedServer([async (peer) => {
    const id = peer.request.query.get("zstdDictionary");
    asked.push(id);
    if (id === current[0]) await sendsAndDrops(v1Message(asked.length))(peer);
    else await refuses(400, "UnknownZstdDictionary")(peer);
    if (asked.length === 3) current.splice(0, 2);
  }]);
  const ids = [1, 2, 3];
  await using client = new Followed([server.url(V2_PATH)], {
    compress: true,
    fetchDictionary: () => Promise.resolve(ids.shift() ?? 9),
  });
  await client.until(() => asked.length >= 6);
  assert.deepEqual(asked.slice(0, 6), ["1", "2", "2", "2", "3", "3"]);
  assert.deepEqual(client.codes, []);
});

Deno.test("a server that rejects a dictionary that was not requested is retried later", async () => {
  await using server = new ScriptedServer([refuses(400, "UnknownZstdDictionary")]);
  await using client = new Followed([server.url(V2_PATH)]);
  await client.until(() => client.failures.length === 3);
});

Deno.test("without the dictionary connections are plain, and it is requested again later", async () => {
  const clock = new FakeClock();
  const codes: string[] = [];
  let calls = 0;
  const compression = new Compression(
    true,
    () => ++calls === 1 ? Promise.reject(new Error("503")) : Promise.resolve(9),
    ({ code }) => codes.push(code),
    clock,
  );
  const endpoint = parseEndpoint(`ws://127.0.0.1:1${V2_PATH}`);
  const { signal } = new AbortController();
  assert.equal(await compression.choose(endpoint, signal), null);
  assert.equal(await compression.choose(endpoint, signal), null);
  assert.equal(calls, 1);
  clock.advance(10 * 60_000);
  assert.equal(await compression.choose(endpoint, signal), 9);
  assert.deepEqual(codes, ["uncompressed"]);
});

Deno.test("it stops at once while it waits for a dictionary", async () => {
  await using server = new ScriptedServer([sends()]);
  const waiting = Promise.withResolvers<void>();
  await using client = new Followed([server.url(V2_PATH)], {
    compress: true,
    fetchDictionary: (_, signal) => {
      waiting.resolve();
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("cancelled")), { once: true });
      });
    },
  });
  await within(waiting.promise, "the question for the dictionary");
  client.abort();
  await client.done;
});

Deno.test("a decoder that lacks the dictionary gets plain frames", async () => {
  await using server = new ScriptedServer([sends(new Uint8Array([1])), sends(v1Message(1))]);
  await using client = new Followed([server.url()], {
    compress: true,
    receive: (message) =>
      typeof message === "string" ? positionOf(message) : { notice: "UnknownZstdDictionary" },
  });
  await client.received(2);
  const asked = server.peers.map(({ request }) => request.query.get("compress"));
  assert.deepEqual(asked, ["true", null]);
  assert.deepEqual(client.failures, []);
});

Deno.test("an unrequested compressed frame affects only itself", async () => {
  await using server = new ScriptedServer([sends(new Uint8Array([1]), v1Message(1))]);
  await using client = new Followed([server.url()], {
    receive: (message) =>
      typeof message === "string" ? positionOf(message) : { notice: "UnknownZstdDictionary" },
  });
  await client.received(2);
  assert.equal(client.messages[1], v1Message(1));
  assert.equal(client.connections.length, 1);
});

Deno.test("T1 after a silent start at the live tip events are requested again by time, and none of that connection is used", async () => {
  const timeUs = 1_787_218_201_000_000;
  await using server = new ScriptedServer([
    sends(v1Message(17, timeUs + 7_200_000_000)),
    sends(v1Message(3, timeUs - 1_000_000)),
  ]);
  const resume: ResumePoint = { cursor: 90_211_733, timeUs, source: sourceOf(server.url()) };
  await using client = new Followed([server.url()], {
    resumePoint: () => resume,
    peek: positionOf,
  });
  await client.received(1);
  assert.deepEqual(client.seqs, [3]);
  assert.deepEqual(client.codes, ["went_live"]);
  const asked = client.connections.map(({ cursor }) => cursor);
  assert.deepEqual(asked, ["90211733", String(timeUs - RESUME_MARGIN_US)]);
  assert.deepEqual(client.failures, []);
});

Deno.test("T13 a server that ignores the cursor is noticed, and still read", async () => {
  const timeUs = 1_787_218_201_000_000;
  await using server = new ScriptedServer([sends(v1Message(900, timeUs + 7_200_000_000))]);
  const resume: ResumePoint = { cursor: 17, timeUs, source: sourceOf(server.url()) };
  await using client = new Followed([server.url()], {
    resumePoint: () => resume,
    peek: positionOf,
  });
  await client.received(1);
  // Possibly only its numbers are invalid, so events are requested by time before this is reported.
  assert.deepEqual(client.codes, ["cursor_doubted", "replay_starts_late"]);
  const asked = client.connections.map(({ cursor }) => cursor);
  assert.deepEqual(asked, ["17", String(timeUs - RESUME_MARGIN_US)]);
});

Deno.test("a start cursor that is too high is reported", async () => {
  await using server = new ScriptedServer([sends(v1Message(17))]);
  await using client = new Followed([server.url()], { startCursor: "90211733" });
  await client.received(1);
  assert.deepEqual(client.codes, ["went_live"]);
  assert.equal(client.connections.length, 1);
});

Deno.test("what the server says about the stream is passed on, without what could harm a log", async () => {
  await using server = new ScriptedServer([
    sends("OutdatedCursor", "Consumer\nToo Slow", v1Message(1)),
  ]);
  await using client = new Followed([server.url()], {
    receive: (message) =>
      String(message).startsWith("{") ? positionOf(message) : { notice: String(message) },
  });
  await client.received(3);
  assert.deepEqual(client.codes, ["outdated_cursor", "server_error"]);
  assert.match(client.notices[1]?.message ?? "", /sent the error ConsumerTooSlow$/);
});

Deno.test("a server whose oldest event is within the margin of the requested time has all needed events", async () => {
  const timeUs = 1_787_218_201_000_000;
  for (
    const [firstUs, codes] of [
      [timeUs - 60_000_000, []],
      [timeUs + 5_000_000, ["outdated_cursor"]],
    ] as const
  ) {
    await using server = new ScriptedServer([sends("OutdatedCursor", v1Message(1, firstUs))]);
    const resume = { cursor: timeUs, timeUs, source: sourceOf(server.url()) };
    await using client = new Followed([server.url()], {
      resumePoint: () => resume,
      receive: (message) =>
        String(message).startsWith("{") ? positionOf(message) : { notice: String(message) },
    });
    await client.received(2);
    assert.deepEqual(client.codes, codes);
  }
});

Deno.test("a firehose for which the cursor is in the future is read from its tip, and that is reported", async () => {
  await using server = new ScriptedServer([sendsAndDrops("FutureCursor"), sends(v1Message(17))]);
  const url = server.url(FIREHOSE_PATH);
  const timeUs = 1_787_218_201_000_000;
  const resume: ResumePoint = { cursor: 90_211_733, timeUs, source: sourceOf(url) };
  await using client = new Followed([url], {
    resumePoint: () => resume,
    receive: (message) =>
      message === "FutureCursor" ? { notice: "FutureCursor" } : positionOf(message),
  });
  await client.received(2);
  assert.deepEqual(client.connections.map(({ cursor }) => cursor), ["90211732", null]);
  assert.deepEqual(client.codes, ["server_error", "no_time_cursor"]);
});

Deno.test("the v2 subprotocol is offered, and a server without it is read too", async () => {
  await using server = new ScriptedServer([sends()]);
  await using client = new Followed([server.url(V2_PATH)]);
  await client.until(() => client.connections.length === 1);
  const { headers, query } = (await server.peer(0)).request;
  assert.equal(headers.get("sec-websocket-protocol"), "xrpc.v1.json");
  assert.deepEqual(query.getAll("collections"), ["app.subcult.*"]);
});
