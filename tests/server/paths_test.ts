import assert from "node:assert/strict";
import { makeReady, NOON, PAGE, SCENE, STORED, subject, TOKEN } from "../support/server_subject.ts";

async function errorOf(response: Response, status: number): Promise<string> {
  assert.equal(response.status, status);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  const body = await response.json();
  assert.equal(typeof body.message, "string");
  return body.error;
}

const OPEN_WITHOUT_TOKEN = ["/", "/metrics", "/internal/indexer/metrics", "/api/status"];
const ADMIN: readonly (readonly [string, string])[] = [
  ["GET", "/api/dead-letters"],
  ["GET", "/api/dead-letters/1"],
  ["POST", "/api/dead-letters/1/retry"],
  ["POST", "/api/dead-letters/1/discard"],
  ["POST", "/api/dead-letters/retry"],
];

Deno.test("/health says healthy, and 503 with the reason when the pipeline is dead", async () => {
  const under = subject({ token: TOKEN });
  const well = await under.request("/health");
  assert.equal(well.status, 200);
  assert.deepEqual(await well.json(), { status: "healthy", standby: false });
  under.telemetry.pipelineFailed();
  const dead = await under.request("/health");
  assert.equal(dead.status, 503);
  assert.deepEqual(await dead.json(), {
    error: "unhealthy",
    message: "the pipeline has ended with an error",
    status: "unhealthy",
    reasons: [{ code: "pipeline_failed", message: "the pipeline has ended with an error" }],
  });
});

Deno.test("/ready says ready, or 503 with all current reasons", async () => {
  const under = subject({ token: TOKEN });
  const early = await (await under.request("/ready")).json();
  assert.equal(early.error, "not_ready");
  assert.deepEqual(early.reasons.map(({ code }: { code: string }) => code), [
    "starting",
    "not_migrated",
    "not_connected",
  ]);
  makeReady(under);
  const late = await under.request("/ready");
  assert.equal(late.status, 200);
  assert.deepEqual(await late.json(), { status: "ready", standby: false });
});

Deno.test("/ready notices an unavailable database on a quiet stream", async () => {
  const under = subject({ source: { status: () => Promise.reject(new Error("gone")) } });
  makeReady(under);
  assert.equal(await errorOf(await under.request("/ready"), 503), "not_ready");
  assert.equal(under.telemetry.facts.database.answers, false);
});

Deno.test("H-01 the metrics are Prometheus text, at both paths, also before anything is counted", async () => {
  const under = subject();
  for (const path of ["/metrics", "/internal/indexer/metrics"]) {
    const response = await under.request(path);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.match(await response.text(), /^indexer_messages_processed_total 0$/m);
  }
});

Deno.test("a scrape brings the counts of the database up to date", async () => {
  const text = await (await subject().request("/metrics")).text();
  assert.match(text, /^indexer_waiting_records 1$/m);
  assert.match(text, /^indexer_dead_letters 2$/m);
  assert.match(text, /^indexer_database_up 1$/m);
});

Deno.test("H-02 without a configured token metrics, status and page are open", async () => {
  for (const path of OPEN_WITHOUT_TOKEN) {
    assert.equal((await subject().request(path)).status, 200, path);
  }
});

Deno.test("H-02 H-03 with a token all but /health and /ready need it, by either header", async () => {
  const under = subject({ token: TOKEN });
  makeReady(under);
  for (const path of [...OPEN_WITHOUT_TOKEN, "/nothing", "/api/dead-letters"]) {
    assert.equal(await errorOf(await under.request(path), 403), "forbidden", path);
  }
  for (const path of ["/health", "/ready"]) {
    assert.equal((await under.request(path)).status, 200, path);
  }
  for (const path of OPEN_WITHOUT_TOKEN) {
    for (
      const headers of [
        { authorization: `Bearer ${TOKEN}` },
        { authorization: `bearer ${TOKEN}` },
        { "x-internal-token": TOKEN },
        // One may be a proxy's own.
        { authorization: "Bearer another", "x-internal-token": TOKEN },
        { authorization: `Bearer ${TOKEN}`, "x-internal-token": "another" },
      ]
    ) {
      assert.equal((await under.request(path, { headers })).status, 200, path);
    }
  }
});

Deno.test("H-02 wrong, empty, shortened and lengthened tokens are refused", async () => {
  const under = subject({ token: TOKEN });
  const wrong = ["", "wrong", TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase(), "Bearer"];
  for (const sent of wrong) {
    for (
      const headers of [
        { "x-internal-token": sent },
        { authorization: `Bearer ${sent}` },
        { authorization: sent === "" ? "" : `Basic ${sent}` },
        { authorization: sent },
        { cookie: `token=${TOKEN}` },
      ]
    ) {
      const response = await under.request("/metrics", { headers });
      assert.equal(await errorOf(response, 403), "forbidden");
    }
  }
  assert.equal((await under.request(`/metrics?token=${TOKEN}`)).status, 403);
});

Deno.test("other spellings of an open path give no access", async () => {
  const under = subject({ token: TOKEN });
  for (const path of ["/health/", "//health", "/health/../metrics", "/Health", "/healthz"]) {
    assert.equal((await under.request(path)).status, 403, path);
  }
});

Deno.test("the dead letter API is off without a token, for every request", async () => {
  for (const [method, path] of [...ADMIN, ["DELETE", "/api/dead-letters"] as const]) {
    assert.equal(await errorOf(await subject().request(path, { method }), 403), "admin_off");
  }
});

Deno.test("a browser without the token gets the page, which holds no data, with 403", async () => {
  const under = subject({ token: TOKEN });
  const response = await under.request("/", { headers: { accept: "text/html,*/*" } });
  assert.equal(response.status, 403);
  assert.equal(await response.text(), PAGE);
  assert.match(response.headers.get("content-security-policy") ?? "", /script-src 'sha256-/);
  for (const path of ["/api/status", "/metrics"]) {
    const other = await under.request(path, { headers: { accept: "text/html" } });
    assert.equal(await errorOf(other, 403), "forbidden");
  }
});

Deno.test("the page may use its own script and style and its own origin, and nothing else", async () => {
  const policy = (await subject().request("/")).headers.get("content-security-policy");
  assert.equal(
    policy,
    "default-src 'none'; " +
      "script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='; " +
      "style-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='; " +
      "connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; " +
      "form-action 'none'",
  );
});

Deno.test("every answer has the security headers, errors too, and none allows another origin", async () => {
  const open = subject();
  const closed = subject({ token: TOKEN });
  const headers = { origin: "https://evil.example" };
  const answers = [
    ...await Promise.all(
      ["/", "/health", "/metrics", "/api/status", "/nothing", "/api/dead-letters"].map((path) =>
        open.request(path, { headers })
      ),
    ),
    await open.request("/health", { method: "DELETE", headers }),
    await open.request("/health", { method: "OPTIONS", headers }),
    await open.request(`/${"x".repeat(4000)}`, { headers }),
    await closed.request("/", { headers }),
  ];
  for (const { headers, status } of answers) {
    assert.equal(headers.get("cache-control"), "no-store", String(status));
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancest/);
    for (const name of headers.keys()) assert.doesNotMatch(name, /^access-control|^set-cookie/);
  }
});

Deno.test("unsupported methods of a path are rejected, and the answer names the supported ones", async () => {
  const under = subject({ token: TOKEN });
  const headers = { "x-internal-token": TOKEN };
  const table: readonly (readonly [string, string, string])[] = [
    ["POST", "/health", "GET, HEAD"],
    ["PUT", "/metrics", "GET, HEAD"],
    ["DELETE", "/api/dead-letters/1", "GET, HEAD"],
    ["GET", "/api/dead-letters/1/retry", "POST"],
    ["PATCH", "/", "GET, HEAD"],
  ];
  for (const [method, path, allow] of table) {
    const response = await under.request(path, { method, headers });
    assert.equal(response.headers.get("allow"), allow, path);
    assert.equal(await errorOf(response, 405), "method_not_allowed");
  }
});

Deno.test("HEAD answers as GET does, without a body", async () => {
  const response = await subject().request("/health", { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
});

Deno.test("an unknown path gives a JSON error that does not repeat it", async () => {
  const response = await subject().request("/<script>alert(1)</script>?q=<b>");
  const text = await response.clone().text();
  assert.equal(await errorOf(response, 404), "not_found");
  assert.doesNotMatch(text, /script|alert|<b>/);
});

Deno.test("without a token only IP addresses and known names are answered, except for health", async () => {
  const ask = async (host: string, path: string, token: string | null): Promise<number> => {
    const under = subject({ token });
    makeReady(under);
    const headers = { "x-internal-token": TOKEN };
    const response = await under.app.fetch(new Request(`http://${host}${path}`, { headers }));
    if (response.status === 403) assert.equal(await errorOf(response, 403), "unknown_host");
    return response.status;
  };
  const known = ["127.0.0.1", "10.0.0.7:9090", "[::1]", "[2001:db8::1]:80", "localhost:9090"];
  for (const host of [...known, "a.localhost", "indexer.test", "INDEXER.test:1"]) {
    for (const path of OPEN_WITHOUT_TOKEN) assert.equal(await ask(host, path, null), 200, host);
  }
  const names = ["rebound.example", "x.indexer.test", "localhost.example", "127.0.0.1.example"];
  for (const host of [...names, "127-0-0-1.example"]) {
    for (const path of OPEN_WITHOUT_TOKEN) {
      assert.equal(await ask(host, path, null), 403, host);
      assert.equal(await ask(host, path, TOKEN), 200, host);
    }
    assert.equal(await ask(host, "/health", null), 200);
    assert.equal(await ask(host, "/ready", null), 200);
  }
});

Deno.test("an unexpected error is logged, and its answer does not say what went wrong", async () => {
  const under = subject({
    token: TOKEN,
    deadLetters: { list: () => Promise.reject(new Error("password=hunter2 at 52.52001")) },
  });
  const response = await under.request("/api/dead-letters", {
    headers: { "x-internal-token": TOKEN },
  });
  const text = await response.clone().text();
  assert.equal(await errorOf(response, 500), "internal_error");
  assert.doesNotMatch(text, /hunter2|52\.52/);
  assert.equal(under.logLines.length, 1);
  assert.match(under.logLines[0] ?? "", /cannot answer a request.*\/api\/dead-letters/);
});

Deno.test("/api/status has the facts of the process and of the database", async () => {
  const under = subject();
  makeReady(under);
  under.telemetry.stream.received(NOON * 1000, 500);
  under.telemetry.batches.taken(2);
  under.telemetry.batches.committed({
    events: [
      { outcome: "applied", collection: SCENE, upsert: true, receivedAt: 1_000 },
      { outcome: "ignored", collection: "x.y.z", upsert: false, receivedAt: null },
    ],
    deadLetterReasons: [],
    durationMs: 2,
    position: { cursor: 7, timeUs: NOON * 1000 },
  });
  under.clock.pass(10_000);
  const status = await (await under.request("/api/status")).json();
  assert.equal(status.version, "1.2.3");
  assert.equal(status.now, "2026-11-24T12:00:10.000Z");
  assert.equal(status.startedAt, "2026-11-24T12:00:00.000Z");
  assert.deepEqual(status.health, { ok: true, reasons: [] });
  assert.deepEqual(status.ready, { ok: true, reasons: [] });
  assert.equal(status.connection.source, "h/subscribe");
  assert.equal(status.connection.lastReceivedAt, "2026-11-24T12:00:00.000Z");
  assert.equal(status.lagSeconds, 0);
  assert.deepEqual(status.cursor, { cursor: 7, time: "2026-11-24T12:00:00.000Z", ageSeconds: 10 });
  assert.equal(status.received, 2);
  assert.equal(status.totals.applied, 1);
  assert.equal(status.rates.applied, 0.1);
  assert.equal(status.history.buckets.length, 60);
  assert.equal(status.history.buckets.at(-1).counts.applied, 1);
  assert.equal(status.backpressure.pauseAt, 1000);
  assert.deepEqual(status.database, {
    up: true,
    failure: null,
    refusal: null,
    blocked: null,
    asOf: status.now,
    stale: false,
  });
  assert.deepEqual(status.stored, JSON.parse(JSON.stringify(STORED)));
  assert.equal(status.admin, false);
});
