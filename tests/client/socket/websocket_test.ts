import assert from "node:assert/strict";
import { HandshakeRefusedError } from "../../../lib/client/socket/handshake.ts";
import type { Subscription } from "../../../lib/client/subscription.ts";
import {
  JetstreamSocket,
  type OpenOptions,
  type Received,
} from "../../../lib/client/socket/websocket.ts";
import { TEST_CERT, TEST_KEY, TEST_ROOT } from "../../support/jetstream/certificate.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import {
  refuses,
  refusesInText,
  type Script,
  ScriptedServer,
  sends,
} from "../../support/jetstream/server.ts";
import { encodeFrame, encodeTextFrames, OPCODE } from "../../support/jetstream/websocket_server.ts";
import { within } from "../../support/within.ts";

function plain(url: string): Subscription {
  return { url, subprotocol: null };
}

function open(
  subscription: Subscription,
  options: Partial<OpenOptions> = {},
): Promise<JetstreamSocket> {
  return JetstreamSocket.open(subscription, { signal: new AbortController().signal, ...options });
}

/** Reads until `count` items arrived, or the server disconnected. */
async function receive(socket: JetstreamSocket, count: number): Promise<Received[]> {
  const received: Received[] = [];
  for (;;) {
    for (let item = socket.next(); item !== null; item = socket.next()) {
      received.push(item);
      if (received.length === count) return received;
    }
    if (!await socket.read()) return received;
  }
}

Deno.test("text and binary messages are received as they were sent", async () => {
  const bytes = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 1]);
  await using server = new ScriptedServer([sends("one", bytes, "")]);
  const socket = await open(plain(server.url()));
  assert.deepEqual(await receive(socket, 3), ["one", bytes, ""]);
  await socket.close();
});

Deno.test("messages right behind the answer to the handshake are not lost", async () => {
  const script: Script = (peer) => peer.accept({}, encodeTextFrames(["one", "two"]));
  await using server = new ScriptedServer([script]);
  const socket = await open(plain(server.url()));
  assert.deepEqual(await receive(socket, 2), ["one", "two"]);
  await socket.close();
});

Deno.test("it works with the WebSocket server of the runtime, including the close", async () => {
  const goodbye = Promise.withResolvers<number>();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (req) => {
    const { socket, response } = Deno.upgradeWebSocket(req, { protocol: "xrpc.v1.json" });
    socket.onopen = () => {
      socket.send("x".repeat(300_000));
      socket.send(new Uint8Array([1, 2, 3]));
    };
    socket.onclose = ({ code }) => goodbye.resolve(code);
    return response;
  });
  const socket = await open({
    url: `ws://127.0.0.1:${server.addr.port}/subscribe`,
    subprotocol: "xrpc.v1.json",
  });
  const received = await receive(socket, 2);
  assert.deepEqual(received, ["x".repeat(300_000), new Uint8Array([1, 2, 3])]);
  await socket.close();
  assert.equal(await goodbye.promise, 1000);
});

Deno.test("pings are answered with their own payload", async () => {
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept();
    await peer.ping("tick");
    await peer.send("after");
  }]);
  const socket = await open(plain(server.url()));
  await receive(socket, 1);
  const peer = await server.peer(0);
  // The close is sent after the pong, so the pong has arrived when the peer is closed.
  await socket.close();
  await within(peer.gone, "the end of the connection");
  assert.deepEqual(peer.pongs, ["tick"]);
});

Deno.test("T3 a refusal shows its status and body", async () => {
  await using server = new ScriptedServer([
    refuses(400, "CursorTooOld", "the oldest seq is 5"),
    refusesInText(503, "starting up", { "Retry-After": "7" }),
    (peer) =>
      peer.refuse(400, "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", {
        "Content-Length": "",
        "Transfer-Encoding": "chunked",
      }),
  ]);
  const refusals: HandshakeRefusedError[] = [];
  for (let turn = 0; turn < 3; turn++) {
    await assert.rejects(open(plain(server.url())), (error) => {
      assert.ok(error instanceof HandshakeRefusedError);
      refusals.push(error);
      return true;
    });
  }
  assert.deepEqual(refusals.map(({ status }) => status), [400, 503, 400]);
  assert.equal(JSON.parse(refusals[0]?.body ?? "").error, "CursorTooOld");
  assert.equal(refusals[1]?.body, "starting up");
  assert.equal(refusals[1]?.headers.get("retry-after"), "7");
  assert.equal(refusals[2]?.body, "hello world");
});

Deno.test("T2 no extension is offered", async () => {
  await using server = new ScriptedServer([sends()]);
  const socket = await open(plain(server.url()));
  const { headers } = (await server.peer(0)).request;
  assert.equal(headers.get("sec-websocket-extensions"), null);
  assert.equal(headers.get("authorization"), null);
  await socket.close();
});

Deno.test("credentials in the address are sent as such, and the address without them", async () => {
  await using server = new ScriptedServer([sends()]);
  const url = server.url().replace("ws://", "ws://user:p%40ss@");
  const socket = await open(plain(url));
  const { headers } = (await server.peer(0)).request;
  assert.equal(headers.get("authorization"), `Basic ${btoa("user:p@ss")}`);
  assert.equal(headers.get("host"), new URL(url).host);
  await socket.close();
});

Deno.test("an answer that is no WebSocket's is an error", async () => {
  const answers: [string, RegExp][] = [
    ["SSH-2.0-OpenSSH_9\r\n\r\n", /not HTTP/],
    ["HTTP/1.1 101 OK\r\nUpgrade: websocket\r\n\r\n", /Sec-WebSocket-Accept/],
    [
      "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: c2FtcGxl\r\n\r\n",
      /wrong Sec-WebSocket-Accept/,
    ],
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}`, /no end/],
  ];
  for (const [answer, message] of answers) {
    await using server = new ScriptedServer([async (peer) => {
      await peer.raw(answer);
      peer.drop();
    }]);
    await assert.rejects(open(plain(server.url())), message);
  }
});

Deno.test("a subprotocol or extension that was not offered is an error", async () => {
  await using server = new ScriptedServer([
    (peer) => peer.accept({ "Sec-WebSocket-Protocol": "xrpc.v1.cbor" }),
    (peer) => peer.accept({ "Sec-WebSocket-Extensions": "permessage-deflate" }),
  ]);
  const subscription = { url: server.url(), subprotocol: "xrpc.v1.json" };
  await assert.rejects(open(subscription), /not offered/);
  await assert.rejects(open(subscription), /not offered/);
});

Deno.test("a server that accepts the connection and sends nothing is given up in time", async () => {
  await using server = new ScriptedServer([async (peer) => await peer.gone]);
  const clock = new FakeClock();
  const opening = open(plain(server.url()), { clock, timeoutMs: 15_000 });
  // The request is there, so the connection stands and only the answer is missing.
  await server.peer(0);
  clock.advance(15_000);
  await assert.rejects(opening, /no answer in 15000 ms/);
  assert.deepEqual(clock.pending, []);
});

Deno.test("TLS works with a certificate that is trusted", async () => {
  await using server = new ScriptedServer([sends("secret")], {
    tls: { cert: TEST_CERT, key: TEST_KEY },
  });
  const socket = await open(plain(server.url()), { caCerts: [TEST_ROOT] });
  assert.deepEqual(await receive(socket, 1), ["secret"]);
  await socket.close();
});

Deno.test("a certificate that nobody trusts, or of another host, is refused", async () => {
  await using server = new ScriptedServer([sends("secret")], {
    tls: { cert: TEST_CERT, key: TEST_KEY },
  });
  await assert.rejects(open(plain(server.url())), /certificate/);
  const elsewhere = server.url().replace("localhost", "127.0.0.1");
  await assert.rejects(open(plain(elsewhere), { caCerts: [TEST_ROOT] }), /certificate/);
});

Deno.test("a server that disconnects without a close frame ends the read", async () => {
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept();
    await peer.raw(encodeFrame(OPCODE.text, "half").slice(0, 4));
    peer.drop();
  }]);
  const socket = await open(plain(server.url()));
  assert.deepEqual(await receive(socket, 1), []);
  await socket.close();
});

Deno.test("closing wakes a read that waits", async () => {
  await using server = new ScriptedServer([sends()]);
  const socket = await open(plain(server.url()));
  const reading = socket.read();
  await socket.close();
  assert.equal(await reading, false);
  assert.equal(await socket.read(), false);
});

Deno.test("an abort ends the opening in any state", async () => {
  const stages: Script[] = [
    async (peer) => await peer.gone,
    async (peer) => {
      await peer.raw("HTTP/1.1 101 Switching");
      await within(peer.gone, "the end of the connection");
    },
    async (peer) => {
      await peer.raw("HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\nhalf");
      await within(peer.gone, "the end of the connection");
    },
  ];
  for (const stage of stages) {
    const began = Promise.withResolvers<void>();
    await using server = new ScriptedServer([async (peer) => {
      began.resolve();
      await stage(peer);
    }]);
    const abort = new AbortController();
    const opening = open(plain(server.url()), { signal: abort.signal });
    await within(began.promise, "the connection");
    abort.abort(new Error("enough"));
    await assert.rejects(opening, /enough/);
  }
});

Deno.test("an abort before the connection is open ends the opening", async () => {
  await using server = new ScriptedServer([sends()]);
  const abort = new AbortController();
  const opening = open(plain(server.url()), { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(opening, /enough/);
});
