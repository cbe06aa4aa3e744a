import assert from "node:assert/strict";
import {
  ListenError,
  type RunningServer,
  type ServerLimits,
  startServer,
} from "../../../lib/server/http/server.ts";
import { makeReady, subject, TOKEN } from "../../support/server_subject.ts";
import { within } from "../../support/within.ts";

const HEALTH = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

function start(limits: Partial<ServerLimits> = {}): RunningServer {
  const under = subject({ token: TOKEN });
  makeReady(under);
  return startServer({ fetch: under.app.fetch, host: "127.0.0.1", port: 0, limits });
}

/** A minimal client: sends text, and reads until the server closes. */
class Client {
  readonly #connection: Deno.TcpConn;
  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect({ port }: RunningServer): Promise<Client> {
    return new Client(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** False when the other side is gone. */
  async send(text: string): Promise<boolean> {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#connection.write(bytes.subarray(sent));
      }
      return true;
    } catch {
      return false;
    }
  }

  async answer(): Promise<string> {
    let text = "";
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const size = await this.#connection.read(buffer);
        if (size === null) break;
        text += new TextDecoder().decode(buffer.subarray(0, size));
      }
    } catch {
      // Cut by the server.
    }
    this.#connection.close();
    return text;
  }

  endSending(): Promise<void> {
    return this.#connection.closeWrite();
  }
}

async function ask(server: RunningServer, text: string): Promise<string> {
  const client = await Client.connect(server);
  await client.send(text);
  return await client.answer();
}

Deno.test("a request over a socket is answered, and its connection closed", async () => {
  const server = start();
  const answer = await ask(server, HEALTH);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /\r\nconnection: close\r\n/i);
  assert.match(answer, /\{"status":"healthy","standby":false\}$/);
  await server.close();
});

Deno.test("an ordinary client gets metrics, page and errors", async () => {
  const server = start();
  const base = `http://127.0.0.1:${server.port}`;
  const headers = { "x-internal-token": TOKEN };
  const client = Deno.createHttpClient({});
  for (let round = 0; round < 3; round++) {
    const metrics = await fetch(`${base}/metrics`, { headers, client });
    assert.match(await metrics.text(), /^indexer_connected 1$/m);
    assert.equal((await (await fetch(`${base}/api/status`, { client })).json()).error, "forbidden");
  }
  const posted = await fetch(`${base}/api/dead-letters/retry`, {
    method: "POST",
    headers,
    body: '{"reason":"nonsense"}',
    client,
  });
  assert.equal((await posted.json()).error, "invalid_parameter");
  client.close();
  await server.close();
});

Deno.test("silent, slow and half-closed clients are disconnected when their time is over", async () => {
  const server = start({ lifetimeMs: 300 });
  const began = performance.now();
  const clients = await Promise.all(
    ["", "GE", "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n"].map(async (text) => {
      const client = await Client.connect(server);
      await client.send(text);
      return client;
    }),
  );
  // A byte at a time does not buy more time.
  const dripping = await Client.connect(server);
  const body = await dripping.send("POST /api/dead-letters/retry HTTP/1.1\r\nHost: x\r\n") &&
    await dripping.send(`X-Internal-Token: ${TOKEN}\r\nContent-Length: 100\r\n\r\n`);
  assert(body);
  const drip = setInterval(() => void dripping.send("x"), 20);
  const answers = await Promise.all([...clients, dripping].map((client) => client.answer()));
  clearInterval(drip);
  assert(performance.now() - began < 5_000);
  assert.deepEqual(answers, ["", "", "", ""]);
  await server.close();
});

Deno.test("a client that closes its sending side still gets its answer", async () => {
  const server = start();
  const client = await Client.connect(server);
  await client.send(HEALTH);
  await client.endSending();
  assert.match(await client.answer(), /healthy/);
  await server.close();
});

Deno.test("clients that connect and disconnect without a request leave nothing behind", async () => {
  const server = start();
  for (let i = 0; i < 20; i++) {
    const client = await Client.connect(server);
    await client.endSending();
    assert.equal(await client.answer(), "");
  }
  assert.match(await ask(server, HEALTH), /healthy/);
  await server.close();
});

Deno.test("large heads and bodies are refused, with an answer where one can be given", async () => {
  const server = start();
  const token = `X-Internal-Token: ${TOKEN}\r\n`;
  const large = `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(17_000)}\r\n\r\n`;
  assert.match(await ask(server, large), /^HTTP\/1\.1 4(31|00) /);
  const post = `POST /api/dead-letters/retry HTTP/1.1\r\nHost: x\r\n${token}`;
  const body = `Content-Length: 50000\r\n\r\n${"x".repeat(50_000)}`;
  assert.match(await ask(server, post + body), /^HTTP\/1\.1 413 [^]*body_too_large/);
  const endless = await Client.connect(server);
  const began = performance.now();
  let sent = 0;
  await endless.send(`${post}Transfer-Encoding: chunked\r\n\r\n`);
  while (await endless.send(`4000\r\n${"x".repeat(0x4000)}\r\n`)) sent++;
  await endless.answer();
  assert(performance.now() - began < 10_000 && sent > 0);
  assert.match(await ask(server, HEALTH), /healthy/);
  await server.close();
});

Deno.test("many slow connections never block a quick one", async () => {
  const server = start({ maxConnections: 8 });
  const crowd: Client[] = [];
  for (let i = 0; i < 100; i++) {
    const client = await Client.connect(server);
    await client.send("GET /");
    crowd.push(client);
    if (i % 10 === 9) assert.match(await ask(server, HEALTH), /healthy/);
    // Beside those that are being closed.
    assert(server.connections <= 8 + 32);
  }
  await server.close();
  for (const client of crowd) assert.equal(await client.answer(), "");
});

Deno.test("closing ends in time with silent, slow and busy clients, and leaves the port free", async () => {
  const server = start();
  const clients: Client[] = [];
  for (const text of ["", "GET /", HEALTH]) {
    const client = await Client.connect(server);
    await client.send(text);
    clients.push(client);
  }
  const answers = Promise.all(clients.map((client) => client.answer()));
  const began = performance.now();
  await server.close();
  assert(performance.now() - began < 3_000);
  await answers;
  Deno.listen({ hostname: "127.0.0.1", port: server.port }).close();
});

Deno.test("a request that is under way is answered while the server closes", async () => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Response>();
  const server = startServer({
    fetch: () => {
      begun.resolve();
      return held.promise;
    },
    host: "127.0.0.1",
    port: 0,
  });
  const answer = ask(server, HEALTH);
  await within(begun.promise, "the request");
  const closed = server.close();
  held.resolve(new Response("late", { headers: { connection: "close" } }));
  await closed;
  assert.match(await answer, /late$/);
});

Deno.test("a port in use is an error that says what to set", async () => {
  const server = start();
  assert.throws(
    () => startServer({ fetch: () => new Response(), host: "127.0.0.1", port: server.port }),
    (error) =>
      error instanceof ListenError &&
      error.message === `cannot listen on 127.0.0.1 port ${server.port}: ` +
          "the port is in use, set METRICS_PORT to a free one",
  );
  assert.throws(
    () => startServer({ fetch: () => new Response(), host: "192.0.2.1", port: 0 }),
    /HTTP_HOST/,
  );
  await server.close();
});
