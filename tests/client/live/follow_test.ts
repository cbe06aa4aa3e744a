import assert from "node:assert/strict";
import { follow } from "../../../lib/client/live/follow.ts";
import { InvalidRequestError, ReconnectLimitError } from "../../../lib/client/live/stream_error.ts";
import type { ResumePoint } from "../../../lib/client/live/resume_point.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { Followed, OPEN, positionOf, v1Message } from "../../support/jetstream/followed.ts";
import {
  refusesInText,
  type Script,
  ScriptedServer,
  sends,
  sendsAndCloses,
  sendsAndDrops,
} from "../../support/jetstream/server.ts";
import { encodeTextFrames } from "../../support/jetstream/websocket_server.ts";
import { within } from "../../support/within.ts";

const BACKOFF = { baseMs: 100, maxMs: 1000, alertAttempts: 0, maxAttempts: 0 };
const IDLE_MS = 90_000;

/** A port on which nobody listens. */
function deadUrl(): string {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  if (!("port" in listener.addr)) throw new Error("expected a TCP listener");
  return `ws://127.0.0.1:${listener.addr.port}/subscribe`;
}

Deno.test("CL-01 CL-03 it connects, says so, and delivers what is sent", async () => {
  await using server = new ScriptedServer([sends(v1Message(1), v1Message(2))]);
  await using client = new Followed([server.url()]);
  await client.received(2);
  assert.deepEqual(client.messages, [v1Message(1), v1Message(2)]);
  assert.deepEqual(client.connections.map(({ failures }) => failures), [0]);
});

Deno.test("CL-02 without any server address it does not start", async () => {
  const signal = new AbortController().signal;
  const starting = follow({
    endpoints: [],
    filter: { collections: ["app.subcult.*"], dids: [] },
    compress: false,
    resumePoint: () => null,
    receive: () => null,
    flow: OPEN,
    reconnect: BACKOFF,
    idleTimeoutMs: IDLE_MS,
    signal,
  });
  await assert.rejects(starting, /got no server address/);
});

Deno.test("CL-04 RC-03 a server that closes after two messages is connected to again", async () => {
  await using server = new ScriptedServer([
    sendsAndCloses([v1Message(1), v1Message(2)]),
    sends(v1Message(2), v1Message(3)),
  ]);
  await using client = new Followed([server.url()]);
  await client.received(4);
  assert.equal(client.connections.length, 2);
  assert.deepEqual(client.seqs, [1, 2, 2, 3]);
  assert.deepEqual(client.endings, [{
    kind: "closed",
    code: 1001,
    reason: "server shutting down",
  }]);
});

Deno.test("CL-05 it reconnects after every close, until it is stopped", async () => {
  let seq = 0;
  await using server = new ScriptedServer([(peer) => sendsAndDrops(v1Message(++seq))(peer)]);
  await using client = new Followed([server.url()]);
  await client.until(() => client.connections.length >= 20);
  client.abort();
  await client.done;
  assert.equal(client.failures.length, 0);
});

Deno.test("CL-08 D-33 it stops at once while the server keeps sending", async () => {
  const block = encodeTextFrames(Array.from({ length: 1000 }, (_, seq) => v1Message(seq)));
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept();
    while (!peer.isGone) await peer.raw(block);
  }]);
  await using client = new Followed([server.url()]);
  await client.received(5000);
  client.abort();
  const atAbort = client.messages.length;
  await client.done;
  assert.equal(client.messages.length, atAbort);
});

Deno.test("after a stop no further message of the same read is handled", async () => {
  const messages = Array.from({ length: 20 }, (_, seq) => v1Message(seq + 1));
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept({}, encodeTextFrames(messages));
  }]);
  let taken = 0;
  await using client = new Followed([server.url()], {
    receive: (message) => {
      if (++taken === 3) client.abort();
      return positionOf(message);
    },
  });
  await client.done;
  assert.equal(taken, 3);
});

Deno.test("D-33 it stops at once while it waits for a server that is silent", async () => {
  await using server = new ScriptedServer([sends()]);
  await using client = new Followed([server.url()]);
  await client.until(() => client.connections.length === 1);
  client.abort();
  await client.done;
  await within((await server.peer(0)).gone, "the end of the connection");
});

Deno.test("it stops at once while it waits for the answer to the handshake", async () => {
  await using server = new ScriptedServer([async (peer) => await peer.gone]);
  await using client = new Followed([server.url()]);
  await server.peer(0);
  client.abort();
  await client.done;
  assert.deepEqual(client.connections, []);
});

Deno.test("it stops at once while it waits for the next attempt, and leaves no timer", async () => {
  const clock = new FakeClock();
  await using client = new Followed([deadUrl()], { clock, reconnect: BACKOFF, random: () => 1 });
  await clock.whenPending(100);
  client.abort();
  await client.done;
  assert.deepEqual(clock.pending, []);
});

Deno.test("stopped before it starts, it does nothing", async () => {
  await using server = new ScriptedServer([sends()]);
  const client = new Followed([server.url()]);
  client.abort();
  await client.done;
  assert.equal(client.connections.length, 0);
});

Deno.test("CL-09 connected and disconnected are reported alternately, also at the end", async () => {
  await using server = new ScriptedServer([sends(v1Message(1))]);
  const client = new Followed([server.url()]);
  await client.received(1);
  assert.equal(client.connections.length, 1);
  assert.equal(client.endings.length, 0);
  await client[Symbol.asyncDispose]();
  assert.deepEqual(client.endings, [{ kind: "aborted" }]);
});

Deno.test("CL-10 after refused connections the waits double, with full jitter", async () => {
  const clock = new FakeClock();
  const draws = [1, 1, 0.5, 1, 1, 1];
  await using client = new Followed([deadUrl()], {
    clock,
    reconnect: BACKOFF,
    random: () => draws.shift() ?? 1,
  });
  for (const wait of [100, 200, 200, 800, 1000]) {
    await clock.whenPending(wait);
    clock.advance(wait);
  }
  await clock.whenPending(1000);
  const waits = client.failures.map(({ retryInMs }) => retryInMs);
  assert.deepEqual(waits, [100, 200, 200, 800, 1000, 1000]);
  assert.deepEqual(client.failures.map(({ failures }) => failures), [1, 2, 3, 4, 5, 6]);
});

Deno.test("D-36 a server that accepts and drops at once is retried like one that refuses", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([sendsAndDrops()]);
  await using client = new Followed([server.url()], { clock, reconnect: BACKOFF, random: () => 1 });
  for (const wait of [100, 200, 400]) {
    await clock.whenPending(wait);
    clock.advance(wait);
  }
  await clock.whenPending(800);
  assert.equal(client.connections.length, 4);
  assert.deepEqual(client.failures.map(({ failures }) => failures), [1, 2, 3, 4]);
});

Deno.test("a server that repeatedly sends the same event and drops counts as failing", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([sendsAndDrops(v1Message(1))]);
  await using client = new Followed([server.url()], { clock, reconnect: BACKOFF, random: () => 1 });
  // The first connection brought something new, the others did not.
  for (const wait of [100, 200, 400, 800]) {
    await clock.whenPending(wait);
    clock.advance(wait);
  }
  await clock.whenPending(1000);
  assert.deepEqual(client.failures.map(({ failures }) => failures), [1, 2, 3, 4]);
});

Deno.test("consecutive failures are reset when something new arrives", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([
    refusesInText(503, "starting"),
    sendsAndDrops(),
    sendsAndDrops(v1Message(1)),
    sends(v1Message(2)),
  ]);
  await using client = new Followed([server.url()], { clock, reconnect: BACKOFF, random: () => 1 });
  for (const wait of [1000, 200, 400]) {
    await clock.whenPending(wait);
    clock.advance(wait);
  }
  await client.received(2);
  assert.deepEqual(client.connections.map(({ failures }) => failures), [1, 2, 0]);
});

Deno.test("a connection that lasts half a minute resets the count of consecutive failures, though it brought nothing", async () => {
  for (const [openMs, failures] of [[29_999, [1, 2]], [30_000, [1]]] as const) {
    const clock = new FakeClock();
    await using server = new ScriptedServer([
      refusesInText(503, "starting"),
      sends(),
      sends(v1Message(1)),
    ]);
    await using client = new Followed([server.url()], {
      clock,
      reconnect: BACKOFF,
      random: () => 1,
    });
    await clock.whenPending(1000);
    clock.advance(1000);
    await client.until(() => client.connections.length === 1);
    const peer = await server.peer(1);
    clock.advance(openMs);
    peer.drop();
    const wait = 100 * failures.length;
    await clock.whenPending(wait);
    clock.advance(wait);
    await client.received(1);
    assert.deepEqual(client.failures.map(({ failures }) => failures), failures);
    assert.equal(client.connections[1]?.failures, failures.length - (openMs < 30_000 ? 0 : 1));
  }
});

Deno.test("a new event resets the consecutive failures also when the connection is closed on purpose", async () => {
  await using server = new ScriptedServer([
    refusesInText(503, "starting"),
    async (peer) => {
      await sends(v1Message(1))(peer);
      await peer.pingPong();
      await peer.send(new Uint8Array([1]));
    },
    refusesInText(503, "stopping"),
    sends(v1Message(2)),
  ]);
  await using client = new Followed([server.url()], {
    compress: true,
    receive: (message) =>
      typeof message === "string" ? positionOf(message) : { notice: "UnknownZstdDictionary" },
  });
  await client.received(3);
  assert.deepEqual(client.endings, [{ kind: "left", notice: null }]);
  assert.deepEqual(client.failures.map(({ failures }) => failures), [1, 1]);
});

Deno.test("RC-01 the stored cursor is in the query, and the message after it is handled", async () => {
  await using server = new ScriptedServer([sends(v1Message(1234567890))]);
  const endpointSource = new URL(server.url()).host + "/subscribe";
  const resume: ResumePoint = {
    cursor: 1234567890,
    timeUs: 1_787_218_201_000_000,
    source: endpointSource,
  };
  await using client = new Followed([server.url()], { resumePoint: () => resume });
  await client.received(1);
  const { query } = (await server.peer(0)).request;
  assert.equal(query.get("cursor"), "1234567890");
  assert.deepEqual(query.getAll("wantedCollections"), ["app.subcult.*"]);
  assert.equal(query.get("compress"), null);
  assert.deepEqual(client.seqs, [1234567890]);
});

Deno.test("RC-02 a server that always fails is retried without limit", async () => {
  await using server = new ScriptedServer([refusesInText(503, "no")]);
  await using client = new Followed([server.url()]);
  await server.connections(8);
  await client.until(() => client.failures.length >= 7);
  assert.deepEqual(client.failures.slice(0, 5).map(({ failures }) => failures), [1, 2, 3, 4, 5]);
});

Deno.test("RC-04 every connection requests events from the committed position", async () => {
  await using server = new ScriptedServer([
    sendsAndDrops(v1Message(9876543210)),
    sends(v1Message(9876543210)),
  ]);
  let committed: ResumePoint | null = null;
  await using client = new Followed([server.url()], {
    resumePoint: () => committed,
    startCursor: "5",
    receive: (message, { source }) => {
      const { cursor, time_us: timeUs } = JSON.parse(String(message));
      committed = { cursor, timeUs, source };
      return { cursor, timeUs };
    },
  });
  await client.received(2);
  assert.deepEqual(client.connections.map(({ cursor }) => cursor), ["5", "9876543210"]);
});

Deno.test("while nothing is committed, reading resumes at the first received event", async () => {
  await using server = new ScriptedServer([
    sendsAndDrops(v1Message(7), v1Message(8)),
    // The first event was compacted away meanwhile, but the next one must not count as the beginning.
    sendsAndDrops(v1Message(8)),
    sends(v1Message(8)),
  ]);
  await using client = new Followed([server.url()]);
  await client.received(4);
  assert.deepEqual(client.connections.map(({ cursor }) => cursor), [null, "7", "7"]);
});

Deno.test("a live start that is interrupted before its first event loses no later events", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([sendsAndDrops(), sendsAndDrops(), sends()]);
  await using client = new Followed([server.url()], { clock, reconnect: BACKOFF, random: () => 1 });
  const startedAtUs = clock.now() * 1000;
  for (const wait of [100, 200]) {
    await clock.whenPending(wait);
    clock.advance(60_000);
  }
  await client.until(() => client.connections.length === 3);
  const [first, second, third] = client.connections;
  assert.equal(first?.cursor, null);
  assert.equal(third?.cursor, second?.cursor);
  const cursor = Number(second?.cursor);
  assert.ok(cursor <= startedAtUs && cursor > startedAtUs - 60_000_000);
});

Deno.test("an alert is raised at the number of failures set for it, and at each one after", async () => {
  await using client = new Followed([deadUrl()], {
    reconnect: { baseMs: 1, maxMs: 2, alertAttempts: 3, maxAttempts: 5 },
  });
  await assert.rejects(client.done, ReconnectLimitError);
  assert.deepEqual(client.alerts, [3, 4, 5]);
});

Deno.test("D-41 after the limit of consecutive failures it gives up and says why", async () => {
  await using server = new ScriptedServer([refusesInText(503, "starting up")]);
  await using client = new Followed([server.url()], {
    reconnect: { baseMs: 1, maxMs: 2, alertAttempts: 0, maxAttempts: 3 },
  });
  await assert.rejects(client.done, /3 attempts.*HTTP 503: starting up/);
  assert.equal(server.peers.length, 3);
});

Deno.test("after a 400 a v1 server is requested without compression, and then excluded", async () => {
  const seen: (string | null)[] = [];
  const script: Script = async (peer) => {
    seen.push(peer.request.query.get("compress"));
    await refusesInText(400, "subscribe: invalid options: invalid collection: x")(peer);
  };
  await using server = new ScriptedServer([script]);
  await using client = new Followed([server.url()], { compress: true });
  await assert.rejects(client.done, (error) => {
    assert.ok(error instanceof InvalidRequestError);
    assert.match(error.message, /invalid collection: x/);
    return true;
  });
  assert.deepEqual(seen, ["true", null]);
  assert.deepEqual(client.codes, ["uncompressed"]);
});

Deno.test("a v1 server that refuses compression alone is read without", async () => {
  await using server = new ScriptedServer([
    refusesInText(400, "choose one compression scheme: zstd or permessage-deflate, not both"),
    sends(v1Message(1)),
  ]);
  await using client = new Followed([server.url()], { compress: true });
  await client.received(1);
  assert.equal((await server.peer(1)).request.query.get("compress"), null);
  assert.equal(client.failures.length, 0);
});

Deno.test("D-37 a silent socket counts as dead after the idle time", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([sends(v1Message(1)), sends(v1Message(2))]);
  await using client = new Followed([server.url()], { clock, reconnect: BACKOFF, random: () => 0 });
  await client.received(1);
  await (await server.peer(0)).pingPong();
  clock.advance(IDLE_MS - 1);
  assert.deepEqual(client.endings, []);
  clock.advance(1);
  await clock.whenPending(0);
  clock.advance(0);
  await client.received(2);
  assert.deepEqual(client.endings, [{ kind: "idle" }]);
});

Deno.test("a quiet stream with pings keeps its connection", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([sends(v1Message(1))]);
  await using client = new Followed([server.url()], { clock });
  await client.received(1);
  const peer = await server.peer(0);
  for (let minute = 0; minute < 60; minute++) {
    clock.advance(60_000);
    await peer.pingPong();
  }
  assert.deepEqual(client.endings, []);
  assert.equal(client.connections.length, 1);
});

Deno.test("an error of the receiver is thrown by the client, and closes the socket", async () => {
  await using server = new ScriptedServer([sends(v1Message(1))]);
  await using client = new Followed([server.url()], {
    receive: () => {
      throw new Error("broken invariant");
    },
  });
  await assert.rejects(client.done, /broken invariant/);
  await within((await server.peer(0)).gone, "the end of the connection");
});

Deno.test("a connection that violates the protocol is closed, and the server retried", async () => {
  await using server = new ScriptedServer([
    async (peer) => {
      await peer.accept();
      await peer.send(v1Message(1));
      await peer.raw(new Uint8Array([0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    },
    sends(v1Message(2)),
  ]);
  await using client = new Followed([server.url()]);
  await client.received(2);
  assert.match(String(client.endings.map((e) => e.kind === "broken" && e.error)), /masked/);
});

Deno.test("timers and HTTP requests run during a stream without pauses", async () => {
  const block = encodeTextFrames(Array.from({ length: 1000 }, (_, seq) => v1Message(seq)));
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept();
    while (!peer.isGone) await peer.raw(block);
  }]);
  await using http = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("well"),
  );
  await using client = new Followed([server.url()], { receive: () => null });
  await client.received(10_000);
  await new Promise((resolve) => setTimeout(resolve, 1));
  const response = await fetch(`http://127.0.0.1:${http.addr.port}/health`);
  assert.equal(await response.text(), "well");
});
