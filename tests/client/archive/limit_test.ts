import assert from "node:assert/strict";
import { ArchiveClient } from "../../../lib/client/archive/archive_client.ts";
import { MAX_DEFERRAL_MS } from "../../../lib/client/archive/rate_limit.ts";
import { retryAfterMs } from "../../../lib/client/retry_after.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { ArchiveServer, FAULTS, type Method } from "../../support/jetstream/archive_server.ts";
import { mixedArchive, replay, seqsIn, wantedSeqs } from "../../support/jetstream/replayed.ts";
import { until } from "../../support/within.ts";

const NOW = Date.UTC(2026, 7, 20);
const SECONDS = NOW / 1000;

Deno.test("RateLimit-Reset has precedence over Retry-After, and either may be missing", () => {
  const cases: readonly (readonly [Record<string, string>, number | null])[] = [
    [{}, null],
    [{ "Retry-After": "7" }, 7_000],
    [{ "Retry-After": "Thu, 20 Aug 2026 00:00:09 GMT" }, 9_000],
    [{ "RateLimit-Reset": String(SECONDS + 5), "Retry-After": "7" }, 5_000],
    [{ "RateLimit-Reset": "11", "Retry-After": "7" }, 11_000],
    [{ "RateLimit-Reset": String(SECONDS - 5) }, 0],
    [{ "RateLimit-Reset": "soon", "Retry-After": "7" }, 7_000],
    [{ "RateLimit-Reset": "-5" }, null],
    [{ "Retry-After": "whenever" }, null],
    [{ "Retry-After": "Thu, 20 Aug 2020 00:00:00 GMT" }, 0],
  ];
  for (const [headers, ms] of cases) {
    assert.equal(retryAfterMs(new Headers(headers), NOW), ms, JSON.stringify(headers));
  }
});

Deno.test("RateLimit-Reset below 10^9 is seconds from now, from 10^9 on Unix time", () => {
  const reset = (seconds: number): number | null =>
    retryAfterMs(new Headers({ "ratelimit-reset": `${seconds}` }), 999_999_000_000);
  assert.equal(reset(999_999_999), 999_999_999_000);
  assert.equal(reset(1_000_000_000), 1_000_000);
});

Deno.test("a time is compared with the server's clock, if the answer contains that", () => {
  const hourAhead = { "Date": "Thu, 20 Aug 2026 01:00:00 GMT" };
  const reset = new Headers({ ...hourAhead, "RateLimit-Reset": String(SECONDS + 3605) });
  assert.equal(retryAfterMs(reset, NOW), 5_000);
  const after = new Headers({ ...hourAhead, "Retry-After": "Thu, 20 Aug 2026 01:00:09 GMT" });
  assert.equal(retryAfterMs(after, NOW), 9_000);
});

for (const method of ["planSnapshot", "getSegment", "getBlock"] as const satisfies Method[]) {
  Deno.test(`after a 429 the next request waits as long as the server says, and it does not count as a failure: ${method}`, async () => {
    const wholeFrom = method === "getSegment" ? 0 : 2;
    await using server = new ArchiveServer(mixedArchive(2, 3, 20), { wholeFrom });
    const headers = { "RateLimit-Reset": String(SECONDS + 40), "Retry-After": "3" };
    server.fail(method, FAULTS.refuses(429, headers), 1);
    const { clock, done, chunks, failures, notices } = replay(server, {
      limits: { tasks: 1, bytes: 1 },
      reconnect: { baseMs: 1, maxMs: 30_000, alertAttempts: 1, maxAttempts: 1 },
    });
    await done;
    assert.equal(server.unfired, 0);
    // Half a second is the jitter that keeps parallel requests apart.
    assert.deepEqual(clock.waits, [40_500]);
    assert.deepEqual(failures, []);
    assert.deepEqual(notices, [{
      code: "archive_rate_limited",
      message: "the archive limits requests, the next one follows in 40 s",
    }]);
    assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
  });
}

Deno.test("after a 429 without a time the next request waits with backoff", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 10));
  server.fail("planSnapshot", FAULTS.refuses(429), 3);
  const { clock, done } = replay(server);
  await done;
  assert.equal(server.unfired, 0);
  assert.deepEqual(clock.waits, [250, 500, 1000].map((ms) => ms + 500));
});

Deno.test("after a 429 whose time is over the next request waits with backoff too, however many follow", async () => {
  for (
    const headers of [{ "Retry-After": "0" }, { "RateLimit-Reset": "0" }, {
      "RateLimit-Reset": "1000000000",
    }]
  ) {
    await using server = new ArchiveServer(mixedArchive(1, 1, 10));
    server.fail("planSnapshot", FAULTS.refuses(429, headers), 3);
    const { clock, done } = replay(server);
    await done;
    assert.equal(server.unfired, 0);
    assert.deepEqual(clock.waits, [250, 500, 1000].map((ms) => ms + 500), JSON.stringify(headers));
  }
});

Deno.test("requests to a server are paused for at most five minutes", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 10));
  server.fail("planSnapshot", FAULTS.refuses(429, { "Retry-After": "86400" }));
  server.fail("planSnapshot", FAULTS.refuses(503, { "Retry-After": "86400" }));
  const { clock, done } = replay(server);
  await done;
  assert.equal(server.unfired, 0);
  assert.deepEqual(clock.waits, [MAX_DEFERRAL_MS + 500, MAX_DEFERRAL_MS]);
});

Deno.test("a 429 delays all requests, not only the rejected one", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 20, 5), { wholeFrom: 2 });
  const times: number[] = [];
  const { clock, done, chunks, notices } = replay(server, {
    fetch: (input, init) => {
      times.push(clock.monotonic());
      return fetch(input, init);
    },
  });
  server.fail("getBlock", FAULTS.refuses(429, { "Retry-After": "60" }), 1, 3);
  await done;
  assert.equal(server.unfired, 0);
  assert.equal(notices.length, 1);
  // Requests sent before the 429 were answered; all others came after the minute.
  const before = times.filter((ms) => ms < 60_000);
  assert.ok(before.length <= 1 + 8 + 4, `${before.length} requests came before`);
  assert.equal(before.length + times.filter((ms) => ms >= 60_000).length, 22);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
});

Deno.test("of several 429 the longest Retry-After applies, and it is reported once", async () => {
  const clock = new FakeClock();
  const second = Promise.withResolvers<void>();
  let asked = 0;
  let told = 0;
  const client = new ArchiveClient({
    endpoint: parseEndpoint("wss://host/xrpc/network.bsky.jetstream.subscribeEvents"),
    apiKey: null,
    reconnect: { baseMs: 1, maxMs: 30_000, alertAttempts: 0, maxAttempts: 0 },
    observer: { notice: () => told++ },
    fetch: async () => {
      const turn = ++asked;
      if (turn > 2) return new Response("plan");
      if (turn === 2) await second.promise;
      const headers = { "Retry-After": turn === 1 ? "60" : "1" };
      return new Response("later", { status: 429, headers });
    },
    clock,
    random: () => 0.5,
  });
  const { signal } = new AbortController();
  const request = { method: "planSnapshot", body: "{}", expects: 200, maxBytes: 9 } as const;
  const answers = [1, 2].map(() => client.request(request, signal));
  await clock.whenPending(60_500);
  second.resolve();
  await until(() => clock.pending.length === 2, "both requests wait", { everyMs: 0 });
  assert.deepEqual(clock.pending, [60_500, 60_500]);
  assert.equal(told, 1);
  assert.equal(asked, 2);
  clock.advance(60_500);
  await Promise.all(answers);
});
