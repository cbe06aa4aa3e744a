import assert from "node:assert/strict";
import { fetchZstdDictionary } from "../../../lib/client/live/fetch_dictionary.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { Followed, positionOf } from "../../support/jetstream/followed.ts";
import { type JetstreamEvent, ReplayServer } from "../../support/jetstream/replay_server.ts";
import { within } from "../../support/within.ts";

const BASE_US = 1_787_218_201_000_000;

function commit(index: number, collection = "app.subcult.scene"): JetstreamEvent {
  return {
    did: "did:plc:a",
    time_us: BASE_US + index,
    kind: "commit",
    commit: { rev: `3k${index}`, operation: "create", collection, rkey: `r${index}`, record: {} },
  };
}

function identity(index: number, did = "did:plc:b"): JetstreamEvent {
  return { did, time_us: BASE_US + index, kind: "identity", identity: { did, seq: index } };
}

function commits(count: number): JetstreamEvent[] {
  return Array.from({ length: count }, (_, index) => commit(index + 1));
}

Deno.test("it replays from the cursor, inclusive, and continues live", async () => {
  await using server = new ReplayServer();
  server.push(...commits(5));
  await using client = new Followed([server.url], { startCursor: "3" });
  await client.received(3);
  server.push(commit(6));
  await client.received(4);
  assert.deepEqual(client.seqs, [3, 4, 5, 6]);
});

Deno.test("it replays from a time", async () => {
  await using server = new ReplayServer();
  server.push(...commits(5));
  await using client = new Followed([server.url], { startCursor: String(BASE_US + 4) });
  await client.received(2);
  assert.deepEqual(client.seqs, [4, 5]);
});

Deno.test("collections filter commits, with prefixes; identity events go to everyone", async () => {
  await using server = new ReplayServer();
  server.push(
    commit(1, "app.subcult.scene"),
    commit(2, "app.bsky.feed.post"),
    commit(3, "app.subculture.x"),
    identity(4),
    commit(5, "app.subcult.event"),
  );
  await using client = new Followed([server.url], { startCursor: "1" });
  await client.received(3);
  assert.deepEqual(client.seqs, [1, 4, 5]);
  await using exact = new Followed([server.url], {
    startCursor: "1",
    filter: { collections: ["app.subcult.event"], dids: [] },
  });
  await exact.received(2);
  assert.deepEqual(exact.seqs, [4, 5]);
  await using byDid = new Followed([server.url], {
    startCursor: "1",
    filter: { collections: ["app.subcult.*"], dids: ["did:plc:a"] },
  });
  await byDid.received(2);
  assert.deepEqual(byDid.seqs, [1, 5]);
});

Deno.test("v2 has the same events in its envelope, and sync events too", async () => {
  await using server = new ReplayServer();
  server.push(commit(1), { did: "did:plc:a", time_us: BASE_US + 2, kind: "sync", sync: {} });
  await using client = new Followed([server.v2Url], { startCursor: "1" });
  await client.received(2);
  const [first, second] = client.messages.map((message) => JSON.parse(String(message)).payload);
  assert.equal(first.$type, "network.bsky.jetstream.subscribeEvents#commit");
  assert.equal(first.time, "2026-08-20T09:30:01.000001Z");
  assert.equal(first.rkey, "r1");
  assert.equal(second.$type, "network.bsky.jetstream.subscribeEvents#sync");
  assert.deepEqual(positionOf(client.messages[0] ?? ""), { cursor: 1, timeUs: BASE_US + 1 });
  await using v1 = new Followed([server.url], { startCursor: "1" });
  server.push(commit(3));
  await v1.received(2);
  assert.deepEqual(v1.seqs, [1, 3]);
});

Deno.test("v2 rejects a cursor below its oldest event, v1 silently raises it", async () => {
  await using server = new ReplayServer({ floorSeq: 3 });
  server.push(...commits(5));
  await using v2 = new Followed([server.v2Url], { startCursor: "1" });
  await assert.rejects(v2.done, /CursorTooOld: the oldest seq is 3/);
  await using v1 = new Followed([server.url], { startCursor: "1" });
  await v1.received(3);
  assert.deepEqual(v1.seqs, [3, 4, 5]);
});

Deno.test("it forgets the oldest events when it is set to keep few", async () => {
  await using server = new ReplayServer({ keep: 10, firstSeq: 100 });
  server.push(...commits(100));
  await using client = new Followed([server.url], { startCursor: "100" });
  await client.until(() => client.seqs.includes(199));
  assert.ok(client.seqs.length >= 10 && client.seqs.length <= 15);
  server.push(commit(101));
  await client.until(() => client.seqs.includes(200));
});

Deno.test("an old v1 server numbers by time", async () => {
  await using server = new ReplayServer({ legacy: true });
  server.push(...commits(3));
  await using client = new Followed([server.url], { startCursor: String(BASE_US + 2) });
  await client.received(2);
  assert.deepEqual(client.seqs, [BASE_US + 2, BASE_US + 3]);
  assert.ok(!String(client.messages[0]).includes("cursor"));
});

Deno.test("after all connections were dropped the client resumes where it was", async () => {
  await using server = new ReplayServer();
  server.push(...commits(3));
  await using client = new Followed([server.url], { startCursor: "1" });
  await client.received(3);
  server.dropAll();
  server.push(commit(4));
  await client.until(() => client.seqs.includes(4));
  await server.closeAll();
  server.push(commit(5));
  await client.until(() => client.seqs.includes(5));
  assert.deepEqual([...new Set(client.seqs)], [1, 2, 3, 4, 5]);
});

Deno.test("a hundred thousand events are sent and received completely", async () => {
  await using server = new ReplayServer();
  server.push(...commits(100_000));
  await using client = new Followed([server.url], { startCursor: "1" });
  await client.received(100_000);
  assert.ok(client.seqs.every((seq, index) => seq === index + 1));
});

Deno.test("events can be played at a pace, and the play be stopped", async () => {
  await using server = new ReplayServer();
  await using client = new Followed([server.url]);
  await client.until(() => client.connections.length === 1);
  const abort = new AbortController();
  const playing = server.play(commits(1_000_000), { perSecond: 2000, signal: abort.signal });
  await client.received(20);
  abort.abort();
  await playing;
  assert.ok(server.nextSeq < 1_000_000);
});

Deno.test("a slow server sends no faster than its set rate", async () => {
  await using server = new ReplayServer({ maxPerSecond: 2000 });
  server.push(...commits(200));
  const startedAt = performance.now();
  await using client = new Followed([server.url], { startCursor: "1" });
  await client.received(200);
  // All but the last part of 20 is followed by its hundredth of a second.
  assert.ok(performance.now() - startedAt >= 85);
});

Deno.test("it speaks with the WebSocket client of the runtime", async () => {
  await using server = new ReplayServer();
  server.push(commit(1), "not JSON");
  const socket = new WebSocket(`${server.url}?cursor=1&wantedCollections=app.subcult.*`);
  const messages: string[] = [];
  const second = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => {
    messages.push(data);
    if (messages.length === 2) second.resolve();
  };
  socket.onclose = () => closed.resolve();
  await within(second.promise, "two messages");
  assert.equal(JSON.parse(messages[0] ?? "").cursor, 1);
  assert.equal(messages[1], "not JSON");
  socket.close();
  await within(closed.promise, "the end of the socket");
});

Deno.test("it answers plain requests as a real one: 400, 404, or 426", async () => {
  await using server = new ReplayServer();
  const http = server.url.replace("ws://", "http://");
  const statuses: number[] = [];
  for (
    const path of [http, `${http}?wantedCollections=app.bsky.fo*`, `${http}?cursor=-1`, `${http}x`]
  ) {
    const response = await fetch(path);
    await response.body?.cancel();
    statuses.push(response.status);
  }
  assert.deepEqual(statuses, [426, 400, 400, 404]);
});

Deno.test("the dictionary of a v2 server is fetched from beside its stream, checked, and used", async () => {
  const dictionary = new Uint8Array(64);
  const view = new DataView(dictionary.buffer);
  view.setUint32(0, 0xec30a437, true);
  view.setUint32(4, 20260811, true);
  const compress = (text: string): Uint8Array => new TextEncoder().encode(`zstd of ${text}`);
  await using server = new ReplayServer({ zstd: { id: 20260811, dictionary, compress } });
  server.push(commit(1));
  await using client = new Followed([server.v2Url], {
    compress: true,
    startCursor: "1",
    fetchDictionary: async (endpoint, signal) =>
      (await fetchZstdDictionary(endpoint, { v1Url: "http://127.0.0.1:1/", signal })).id,
    receive: () => null,
  });
  await client.received(1);
  assert.ok(client.messages[0] instanceof Uint8Array);
});

Deno.test("bytes that are no dictionary are rejected", async () => {
  const endpoint = parseEndpoint("wss://host/xrpc/network.bsky.jetstream.subscribeEvents");
  const signal = new AbortController().signal;
  const good = new Uint8Array(16);
  new DataView(good.buffer).setUint32(0, 0xec30a437, true);
  new DataView(good.buffer).setUint32(4, 7, true);
  const answers: [Response, RegExp][] = [
    [new Response("no", { status: 404 }), /HTTP 404/],
    [new Response("too short"), /no zstd dictionary/],
    [new Response(new Uint8Array(2 * 1024 * 1024)), /more than/],
    [new Response(good, { headers: { "X-Zstd-Dictionary-Id": "8" } }), /the id 7, expected 8/],
  ];
  for (const [answer, message] of answers) {
    const asked: string[] = [];
    const fetchFrom = (url: string | URL | Request): Promise<Response> => {
      asked.push(String(url));
      return Promise.resolve(answer);
    };
    await assert.rejects(
      fetchZstdDictionary(endpoint, {
        v1Url: "http://127.0.0.1:1/",
        signal,
        fetch: fetchFrom,
      }),
      message,
    );
    assert.deepEqual(asked, ["https://host/xrpc/network.bsky.jetstream.getZstdDictionary"]);
  }
});
