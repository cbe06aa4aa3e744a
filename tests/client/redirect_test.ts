/** Redirects of archive and dictionary requests stay on their origin. */

import assert from "node:assert/strict";
import { type HttpRequest, send } from "../../lib/client/archive/http_request.ts";
import { systemClock } from "../../lib/client/clock.ts";
import { fetchZstdDictionary } from "../../lib/client/live/fetch_dictionary.ts";
import { parseEndpoint } from "../../lib/client/endpoint.ts";

const KEY = "k3y-of-the-archive";
const DICTIONARY = Uint8Array.of(0x37, 0xa4, 0x30, 0xec, 1, 0, 0, 0, 9);
const { signal } = new AbortController();

type Answer = (request: Request, path: string) => Response;

/** A server, and all requests that it received. */
class Listener implements AsyncDisposable {
  readonly requests: Request[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(answer: Answer, hostname = "127.0.0.1") {
    const { signal } = new AbortController();
    this.#server = Deno.serve(
      { hostname, port: 0, signal, onListen: () => {} },
      (request) => {
        this.requests.push(request);
        return answer(request, new URL(request.url).pathname);
      },
    );
  }

  url(path: string, host = "127.0.0.1"): URL {
    return new URL(`http://${host}:${this.#server.addr.port}${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function redirect(status: number, location: string): Response {
  return new Response("elsewhere", { status, headers: { location } });
}

async function archive(url: URL, method: "GET" | "POST" = "GET"): Promise<string> {
  const request: HttpRequest = {
    url,
    method,
    headers: { authorization: `Bearer ${KEY}` },
    ...(method === "POST" ? { body: "{}" } : {}),
    expects: 200,
    maxBytes: 1_000,
  };
  const { bytes } = await send(request, { fetch, clock: systemClock, signal });
  return new TextDecoder().decode(bytes);
}

async function dictionary(url: URL): Promise<number> {
  const endpoint = parseEndpoint(
    `ws://${url.host}/xrpc/network.bsky.jetstream.subscribeEvents`,
  );
  return (await fetchZstdDictionary(endpoint, { v1Url: url.href, signal })).id;
}

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`a redirect with ${status} to another origin is not followed, and named`, async () => {
    await using elsewhere = new Listener(() => new Response("got it"));
    const targets = [
      elsewhere.url("/taken?q=1").href,
      elsewhere.url("/taken").href.replace("http:", ""),
      `http://user:pa55@${elsewhere.url("").host}/taken`,
      // Another name of the same address is another origin.
      elsewhere.url("/taken", "localhost").href,
      `https://${elsewhere.url("").host}/taken`,
    ];
    for (const target of targets) {
      await using server = new Listener(() => redirect(status, target));
      for (const ask of [() => archive(server.url("/plan")), () => dictionary(server.url("/d"))]) {
        await assert.rejects(ask(), ({ message }: Error) => {
          const port = elsewhere.url("").port;
          assert.match(
            message,
            new RegExp(`^the server redirects to https?://\\S+:${port}/taken, `),
          );
          assert.match(message, /expected an address on http:\/\/127\.0\.0\.1:\d+$/);
          assert.doesNotMatch(message, /pa55|q=1/);
          return true;
        });
      }
    }
    assert.equal(elsewhere.requests.length, 0);
  });
}

Deno.test("a redirect within the origin is followed, with the key and the body", async () => {
  await using server = new Listener((request, path) => {
    assert.equal(request.headers.has("authorization"), path !== "/d" && !path.startsWith("/xrpc"));
    if (path === "/there") return new Response(request.method);
    if (path.startsWith("/xrpc")) return redirect(302, "/d");
    if (path === "/d") return new Response(DICTIONARY);
    return redirect(path === "/moved" ? 302 : 308, "there");
  });
  assert.equal(await archive(server.url("/moved")), "GET");
  assert.equal(await archive(server.url("/moved-for-good"), "POST"), "POST");
  assert.equal(await dictionary(server.url("/d")), 1);
  // As browsers do it, a POST would become a GET.
  await assert.rejects(archive(server.url("/moved"), "POST"), /redirects a POST with HTTP 302 to /);
});

Deno.test("redirects without a target, endless ones, and those to other schemes are errors", async () => {
  const cases: readonly (readonly [string | null, RegExp])[] = [
    [null, /HTTP 302 to no address/],
    ["http://", /HTTP 302 to no address/],
    ["/again", /redirects more than 5 times/],
    ["data:text/plain,x", /redirects to data:/],
    ["file:///etc/passwd", /redirects to file:/],
  ];
  for (const [location, message] of cases) {
    await using server = new Listener(() =>
      new Response(null, { status: 302, headers: location === null ? {} : { location } })
    );
    await assert.rejects(archive(server.url("/")), message);
    assert.ok(server.requests.length <= 6);
  }
});

Deno.test("five redirects in a row are followed, and six are an error", async () => {
  await using server = new Listener((_request, path) => {
    const left = Number(path.slice(1));
    return left === 0 ? new Response("there") : redirect(302, `/${left - 1}`);
  });
  assert.equal(await archive(server.url("/5")), "there");
  await assert.rejects(archive(server.url("/6")), /redirects more than 5 times/);
});
