import assert from "node:assert/strict";
import type { Status } from "../../lib/server/status/status.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { SampleEvents, uriOf } from "../support/sample_events.ts";

const THIRTEEN = [
  "indexer_messages_processed_total",
  "indexer_messages_error_total",
  "indexer_upserts_total",
  "indexer_trust_recompute_total",
  "indexer_ingest_latency_seconds_count",
  "indexer_backpressure_paused_total",
  "indexer_backpressure_resumed_total",
  "indexer_backpressure_pause_duration_seconds_count",
  "indexer_pending_messages",
  "indexer_processing_lag_seconds",
  "indexer_reconnection_attempts_total",
  "indexer_reconnection_success_total",
  "indexer_database_writes_failed_total",
];

/** Events of this moment, so that nobody is behind. */
function nowEvents(): SampleEvents {
  return new SampleEvents(Date.now() * 1000 - 20_000_000);
}

databaseTest(
  "E-339 E-342 H-01 H-03 the running program counts its work, under the old metric names",
  async ({ url }) => {
    const events = nowEvents();
    await using server = new ReplayServer();
    const scene = events.put("alice/scene/s1");
    const last = server.push(
      events.put("bob/post/p1", { sceneId: uriOf("alice/scene/s1") }),
      scene,
      scene,
      events.put("alice/scene/s2", { name: "" }),
      events.put("alice/scene/scene1"),
      events.put("alice/scene/scene2"),
      events.put("alice/alliance/a1"),
    );
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.committed(last);
    for (const path of ["/metrics", "/internal/indexer/metrics"]) {
      const response = await program.fetch(path);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
      await response.body?.cancel();
    }
    for (const name of THIRTEEN) assert.notEqual(await program.metric(name), null, name);
    const series = {
      indexer_messages_processed_total: 7,
      indexer_messages_error_total: 1,
      indexer_upserts_total: 4,
      indexer_trust_recompute_total: 1,
      indexer_database_writes_failed_total: 1,
      indexer_waiting_records: 0,
      indexer_dead_letters: 1,
      indexer_connected: 1,
      indexer_paused: 0,
      indexer_database_up: 1,
      'indexer_events_total{collection="app.subcult.post",outcome="waiting"}': 1,
      'indexer_events_total{collection="app.subcult.scene",outcome="applied"}': 3,
      'indexer_events_total{collection="app.subcult.scene",outcome="duplicate"}': 1,
      'indexer_events_total{collection="app.subcult.scene",outcome="dead_letter"}': 1,
      'indexer_events_total{collection="app.subcult.alliance",outcome="applied"}': 1,
      'indexer_dead_letters_total{reason="empty_field"}': 1,
      indexer_commit_latency_seconds_count: 7,
    };
    for (const [name, value] of Object.entries(series)) {
      assert.equal(await program.metric(name), value, name);
    }
    assert.ok((await program.metric("indexer_cursor_age_seconds") ?? 0) > 0);
  },
);

databaseTest(
  "/ready is 503 before the stream is connected, and 200 afterwards",
  async ({ url }) => {
    const events = nowEvents();
    await using server = new ReplayServer();
    server.unavailable = true;
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.until(() => program.said("cannot read the stream, retrying") > 0);
    const early = await program.fetch("/ready");
    assert.equal(early.status, 503);
    const { error, reasons } = await early.json();
    assert.equal(error, "not_ready");
    assert.deepEqual(reasons.map(({ code }: { code: string }) => code), ["not_connected"]);
    // Waiting for the stream is no fault of the process.
    const health = await program.fetch("/health");
    assert.deepEqual([health.status, await health.json()], [200, {
      status: "healthy",
      standby: false,
    }]);

    server.unavailable = false;
    await program.committed(server.push(events.put("alice/scene/s1")));
    const ready = await program.fetch("/ready");
    assert.deepEqual([ready.status, await ready.json()], [200, {
      status: "ready",
      standby: false,
    }]);
  },
);

databaseTest("the status is the facts of the run and of the tables, as JSON", async ({ url }) => {
  const events = nowEvents();
  await using server = new ReplayServer();
  const last = server.push(
    events.put("bob/post/p1"),
    events.put("alice/scene/s2", { name: "" }),
    events.put("alice/scene/s1", { location: { lat: 52.50183, lng: 13.44127 } }),
  );
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  await program.committed(last);
  const response = await program.fetch("/api/status");
  assert.equal(response.status, 200);
  const body = await response.text();
  const status = JSON.parse(body) as Status;
  assert.deepEqual([status.consumer, status.cursor?.cursor, status.received, status.admin], [
    "default",
    last,
    3,
    false,
  ]);
  assert.deepEqual(status.health, { ok: true, reasons: [] });
  const { applied, waiting, dead_letter } = status.totals;
  assert.deepEqual([applied, waiting, dead_letter], [1, 1, 1]);
  assert.deepEqual([status.connection.connected, status.connection.source], [
    true,
    `127.0.0.1:${server.port}/subscribe`,
  ]);
  assert.deepEqual(status.stored?.waiting.total, 1);
  assert.deepEqual(status.stored?.deadLetters.reasons, [{ reason: "empty_field", count: 1 }]);
  assert.deepEqual(status.stored?.scenes.map(({ name }) => name), ["Warehouse Nine"]);
  // Where the scene is, nobody may know.
  assert.doesNotMatch(body, /52\.50183|13\.44127/);
  const page = await program.fetch("/", { headers: { accept: "text/html" } });
  assert.equal(page.status, 200);
  assert.match(await page.text(), /^<!doctype html>/i);
});

databaseTest(
  "the map of the status page has the scenes that are public, and no others",
  async ({ url }) => {
    const events = nowEvents();
    await using server = new ReplayServer();
    const location = { lat: 52.50183, lng: 13.44127, allowPrecise: true };
    const last = server.push(
      ...["public", "private", "unlisted"].map((visibility) =>
        events.put(`alice/scene/${visibility}`, { name: visibility, visibility, location })
      ),
      events.put("bob/scene/hidden", { name: "hidden", location }),
      events.account("bob", false, "suspended"),
    );
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await program.committed(last);
    const status = await (await program.fetch("/api/status")).json() as Status;
    assert.deepEqual(status.stored?.scenes.map(({ name }) => name), ["public"]);
  },
);

databaseTest(
  "H-02 with a token everything but health and readiness requires it, and dead letters can be retried",
  async ({ url }) => {
    const token = "a-token-of-the-tests";
    const headers = { authorization: `Bearer ${token}` };
    const events = nowEvents();
    await using server = new ReplayServer();
    const last = server.push(events.put("alice/scene/s1", { name: "" }));
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      env: { INTERNAL_AUTH_TOKEN: token },
    });
    await program.committed(last);
    const status = async (path: string, init: RequestInit = {}): Promise<number> => {
      const response = await program.fetch(path, init);
      await response.body?.cancel();
      return response.status;
    };
    assert.equal(await status("/health"), 200);
    const ready = await program.fetch("/ready");
    assert.deepEqual([ready.status, await ready.json()], [200, {
      status: "ready",
      standby: false,
    }]);
    for (
      const path of ["/metrics", "/internal/indexer/metrics", "/api/status", "/api/dead-letters"]
    ) {
      assert.equal(await status(path), 403, path);
      assert.equal(await status(path, { headers: { "x-internal-token": "wrong" } }), 403, path);
      assert.equal(await status(path, { headers: { "x-internal-token": token } }), 200, path);
      assert.equal(await status(path, { headers }), 200, path);
    }
    const list = await (await program.fetch("/api/dead-letters", { headers })).json();
    assert.deepEqual(list.deadLetters.map(({ reason }: { reason: string }) => reason), [
      "empty_field",
    ]);
    const [{ id }] = list.deadLetters;
    const again = await program.fetch(`/api/dead-letters/${id}/retry`, { method: "POST", headers });
    const why = "refused again, empty_field: name: got text of 0, expected some text";
    assert.deepEqual([again.status, await again.json()], [200, {
      tried: 1,
      resolved: 0,
      letters: [{ id, why }],
    }]);
    assert.equal(await status(`/api/dead-letters/${id}/discard`, { method: "POST", headers }), 200);
    const left = await (await program.fetch("/api/dead-letters", { headers })).json();
    assert.deepEqual(left.deadLetters, []);
  },
);

databaseTest("without a token the dead letters can't be reached", async ({ url }) => {
  await using server = new ReplayServer();
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  await program.until(() => program.said("connected") > 0);
  for (
    const [path, method] of [["/api/dead-letters", "GET"], ["/api/dead-letters/retry", "POST"]]
  ) {
    const response = await program.fetch(path!, { method: method! });
    assert.equal(response.status, 403);
    assert.equal(typeof (await response.json()).error, "string");
  }
});
