import assert from "node:assert/strict";
import { REQUEST_LIMITS } from "../../../lib/server/http/request_limits.ts";
import type { StoredStatus } from "../../../lib/repository/status/stored_status.ts";
import { makeReady, STORED, subject, TOKEN } from "../../support/server_subject.ts";

const AUTHORIZED = { headers: { "x-internal-token": TOKEN } };

function never(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

Deno.test("the status is read once for all requests within two seconds", async () => {
  let asked = 0;
  const under = subject({
    source: {
      status: () => {
        asked++;
        return Promise.resolve(STORED);
      },
    },
  });
  await Promise.all(["/api/status", "/metrics", "/ready"].map((path) => under.request(path)));
  await under.request("/api/status");
  assert.equal(asked, 1);
  under.clock.pass(2_000);
  await under.request("/api/status");
  assert.equal(asked, 2);
});

Deno.test("while the database hangs the status is answered soon, with older data that is marked as stale", async () => {
  let hangs = false;
  let asked = 0;
  const under = subject({
    waitMs: 20,
    giveUpMs: 60,
    source: {
      status: (signal) => {
        asked++;
        return hangs ? never(signal) : Promise.resolve(STORED);
      },
    },
  });
  makeReady(under);
  await under.request("/api/status");
  hangs = true;
  under.clock.pass(2_000);
  const status = await (await under.request("/api/status")).json();
  const { up, asOf, stale } = status.database;
  assert.deepEqual({ up, asOf, stale }, {
    up: true,
    asOf: "2026-11-24T12:00:00.000Z",
    stale: true,
  });
  assert.equal(status.stored.deadLetters.open, 2);
  // The hanging query is awaited, not repeated.
  under.clock.pass(2_000);
  await under.request("/api/status");
  assert.equal(asked, 2);
  // It was abandoned meanwhile: the database counts as unavailable, and the other facts are still shown.
  while (under.telemetry.facts.database.answers) await under.request("/api/status");
  const later = await (await under.request("/api/status")).json();
  assert.equal(later.database.stale, true);
  assert.equal(later.connection.connected, true);
  await under.close();
});

Deno.test("a query that ignores its abort does not delay the page", async () => {
  const answer = Promise.withResolvers<StoredStatus>();
  const under = subject({ waitMs: 10, giveUpMs: 20, source: { status: () => answer.promise } });
  for (let i = 0; i < 5; i++) {
    under.clock.pass(2_000);
    const { database, stored } = await (await under.request("/api/status")).json();
    assert.equal(stored, null);
    assert.equal(database.stale, true);
  }
  await under.close();
  answer.resolve(STORED);
});

Deno.test("a database that is available again is noticed at the next query", async () => {
  let away = true;
  const under = subject({
    source: { status: () => away ? Promise.reject(new Error("x")) : Promise.resolve(STORED) },
  });
  assert.equal((await (await under.request("/api/status")).json()).stored, null);
  away = false;
  under.clock.pass(2_000);
  const { database, stored } = await (await under.request("/api/status")).json();
  assert.equal(database.stale, false);
  assert.equal(database.up, true);
  assert.notEqual(stored, null);
});

Deno.test("a request gets an answer in time even if its handler doesn't answer", async () => {
  const hanging = Promise.withResolvers<boolean>();
  const under = subject({
    token: TOKEN,
    limits: { ...REQUEST_LIMITS, timeoutMs: 20 },
    deadLetters: { discard: () => hanging.promise },
  });
  const response = await under.request("/api/dead-letters/1/discard", {
    ...AUTHORIZED,
    method: "POST",
  });
  assert.equal(response.status, 503);
  assert.equal((await response.json()).error, "timeout");
  assert.equal(response.headers.get("cache-control"), "no-store");
  hanging.resolve(true);
});

Deno.test("too many concurrent requests are rejected, except health, and later ones are accepted again", async () => {
  const hanging = Promise.withResolvers<null>();
  const under = subject({
    token: TOKEN,
    limits: { ...REQUEST_LIMITS, maxConcurrent: 3 },
    deadLetters: { show: () => hanging.promise },
  });
  const held = [1, 2, 3].map((id) => under.request(`/api/dead-letters/${id}`, AUTHORIZED));
  const refused = await under.request("/metrics", AUTHORIZED);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal((await refused.json()).error, "busy");
  assert.equal((await under.request("/health")).status, 200);
  hanging.resolve(null);
  for (const response of await Promise.all(held)) assert.equal(response.status, 404);
  assert.equal((await under.request("/metrics", AUTHORIZED)).status, 200);
});
