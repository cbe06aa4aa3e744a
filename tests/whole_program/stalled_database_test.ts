/**
 * A full-speed stream against a database that doesn't answer. The short form runs the program's clock
 * forty times as fast, so that two minutes pass in three seconds; `STALL_SECONDS` makes them real.
 */

import assert from "node:assert/strict";
import { settings } from "../support/crash/settings.ts";
import { spawnPlanned } from "../support/crash/spawned.ts";
import { databaseTest } from "../support/database.ts";
import { DatabaseProxy } from "../support/faults/database_proxy.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { tidOf } from "../support/model/wire_identifier.ts";
import { until as waitUntil, within } from "../support/within.ts";

const STALL_SECONDS = Number(Deno.env.get("STALL_SECONDS") ?? "0");
const HASTE = STALL_SECONDS === 0 ? 40 : 1;
const STALL_MS = (STALL_SECONDS || 120) * 1000 / HASTE;

const EVENTS = STALL_SECONDS === 0 ? 60_000 : 200_000;

/**
 * What the program may grow by. Measured: 5 MB, of which the queue's 1000 events are a part; with a
 * queue without limits 44 MB for 40,000 events.
 */
const CEILING_MB = 32;

function* scenes(): Generator<string> {
  const collection = "app.subcult.scene";
  for (let number = 1; number <= EVENTS; number++) {
    const timeUs = 1_787_218_200_000_000 + number;
    const record = { $type: collection, name: `Scene ${number}`, description: "x".repeat(200) };
    const rkey = `s${number}`;
    const commit = { rev: tidOf(timeUs, 0), operation: "create", collection, rkey, record };
    const did = `did:plc:owner${String(number % 1000).padStart(19, "a")}`;
    yield JSON.stringify({ did, time_us: timeUs, cursor: number, kind: "commit", commit });
  }
}

databaseTest(
  "a database that doesn't answer costs neither memory nor events, and is reported everywhere",
  async ({ url, sql }) => {
    await using server = new ReplayServer({ pingMs: 0 });
    await using proxy = DatabaseProxy.start(url);
    for (const scene of scenes()) server.push(scene);
    let [port, cursor] = [0, 0];
    let wake = (): void => {};
    await using process = spawnPlanned({
      kill: null,
      stop: null,
      haste: HASTE,
      env: settings(proxy.url, server.url, { LOG_LEVEL: "warn" }),
    }, (said) => {
      if (said.said === "listening") port = said.port;
      if (said.said === "at") cursor = said.cursor;
      wake();
    });
    const ended = process.done.then(({ lastLines }) => {
      throw new Error(`the process ended\n${lastLines.join("\n")}`);
    });
    ended.catch(() => {}); // It ends at last.
    const until = async (met: () => boolean): Promise<void> => {
      const waiting = async (): Promise<void> => {
        while (!met()) await Promise.race([new Promise<void>((told) => wake = told), ended]);
      };
      await within(waiting(), met.toString(), { limitMs: HANG_MS });
    };
    const ask = async (path: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, text: await response.text() };
    };

    await until(() => cursor > 0);
    const hanging = proxy.hang();
    await within(hanging.fired, "data that the fault can hit", { limitMs: 60_000 });
    const startedAt = performance.now();
    const before = residentMegabytes(process.pid);
    let most = 0;
    let connections = 0;
    while (performance.now() - startedAt < STALL_MS) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (server.connected === 0) connections ||= server.peers.length;
      most = Math.max(most, residentMegabytes(process.pid));
    }
    const stalledAt = cursor;
    assert.ok(stalledAt < EVENTS / 2);
    assert.ok(most < before + CEILING_MB, `${before} MB grew to ${most} MB`);

    // The hurrying clock is ahead of a busy machine: the check of the database may still be under way.
    await waitUntil(
      async () => /database_down/.test((await ask("/ready")).text),
      "/ready to name the database",
    );
    const [health, ready, { text: metrics }] = await Promise.all(
      ["/health", "/ready", "/metrics"].map(ask),
    ) as [Answer, Answer, Answer];
    assert.equal(health.status, 503);
    assert.match(health.text, /no_progress/);
    assert.equal(ready.status, 503);
    assert.match(ready.text, /database_down/);
    assert.equal(metric(metrics, "indexer_paused"), 1);
    assert.equal(metric(metrics, "indexer_database_up"), 0);
    assert.ok(metric(metrics, "indexer_backpressure_paused_total") >= 1);
    assert.ok(metric(metrics, "indexer_paused_seconds") >= 100);
    assert.ok(metric(metrics, "indexer_cursor_age_seconds") >= 100);
    // The socket was closed on purpose, and nobody tried to connect again.
    assert.equal(server.connected, 0);
    assert.equal(server.peers.length, connections);

    proxy.heal();
    await until(() => cursor > stalledAt);
    assert.equal((await ask("/health")).status, 200);
    await until(() => cursor === EVENTS);
    process.signal("SIGTERM");
    const { code, lastLines } = await process.done;
    assert.equal(code, 0, lastLines.join("\n"));
    const [row] = await sql<{ live: number }[]>`
      select count(*)::float8 as live from scenes where deleted_at is null`;
    assert.equal(row?.live, EVENTS);
  },
  { kinds: ["server"] },
);

/** Nothing here takes so long, milliseconds. */
const HANG_MS = 180_000;

interface Answer {
  readonly status: number;
  readonly text: string;
}

function metric(text: string, series: string): number {
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? NaN);
}

function residentMegabytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN) / 1024);
}
