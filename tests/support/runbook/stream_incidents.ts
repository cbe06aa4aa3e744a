/** Faults of the stream, and of the network. */

import assert from "node:assert/strict";
import { hastyClock } from "../crash/hasty_clock.ts";
import { ReplayServer } from "../jetstream/replay_server.ts";
import { SampleEvents } from "../sample_events.ts";
import { type Incident, metric } from "./incident.ts";
import { lastingPort } from "../lasting_port.ts";

/** A URL where nothing listens. */
function deadAddress(): string {
  return `ws://127.0.0.1:${lastingPort()}/subscribe`;
}

export const STREAM_INCIDENTS: readonly Incident[] = [
  {
    alert: "IndexerNotReady",
    async happens(scene): Promise<void> {
      const streamUrl = deadAddress();
      await using program = scene.program({ streamUrl });
      await metric(program, "indexer_connected", "", (value) => value === 0);
      await program.until(() => program.said("cannot read the stream, retrying") > 0);
      const status = await scene.command("status", program);
      assert.ok(status.includes(streamUrl.slice("ws://".length)), status);
      assert.match(status, /refused/i);
      scene.clue("no connection to the stream", status);
    },
  },
  {
    alert: "IndexerCannotConnect",
    async happens(scene): Promise<void> {
      const streamUrl = deadAddress();
      await using program = scene.program({ streamUrl });
      await metric(program, "indexer_reconnection_failures_in_a_row", "", (count) => count > 10);
      assert.match(await scene.command("status", program), /refused/i);
      const check = await scene.command("check", null, { JETSTREAM_URL: streamUrl });
      assert.ok(check.includes(streamUrl.slice("ws://".length)), check);
      assert.match(check, /refused/i);
    },
  },
  {
    alert: "IndexerReconnectingOften",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      await using program = scene.program({ streamUrl: server.url, random: () => 0.01 });
      for (let times = 1; times <= 11; times++) {
        await program.until(() => program.said("connected") >= times);
        server.push(scene.events.put(`alice/scene/s${times}`));
        await server.closeAll(1001, "server shutting down");
      }
      await metric(program, "indexer_reconnection_success_total", "", (count) => count > 10);
      scene.clue("disconnected", program.log);
      scene.clue("closed", program.log.find(({ message }) => message === "disconnected"));
      assert.match(JSON.stringify(program.log), /server shutting down/);
    },
  },
  {
    alert: "IndexerStreamSilent",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer({ pingMs: 0 });
      await using program = scene.program({
        streamUrl: server.url,
        clock: hastyClock(200),
        env: { STREAM_QUIET_MS: "60000", READ_IDLE_TIMEOUT_MS: "600000" },
      });
      const labels = 'code="quiet_stream"';
      await metric(program, "indexer_notices_total", labels, (count) => count > 0);
      scene.clue("quiet_stream", program.log);
      scene.clue("quiet_stream", await (await program.fetch("/ready")).text());
    },
  },
  {
    alert: "IndexerLag",
    async happens(scene): Promise<void> {
      const late = new SampleEvents((Date.now() - 600_000) * 1000);
      await using server = new ReplayServer();
      server.push(...Array.from({ length: 100 }, (_, n) => late.put(`alice/scene/s${n}`)));
      const release = Promise.withResolvers<void>();
      await using program = scene.program({
        streamUrl: server.url,
        env: { BATCH_MAX_EVENTS: "10" },
        faultPoint: (name) => name === "batch_beginning" ? release.promise : Promise.resolve(),
      });
      await metric(program, "indexer_processing_lag_seconds", "", (seconds) => seconds > 60);
      assert.match(await scene.command("status", program), /^lag +(?:9|10) min/m);
      release.resolve();
      // It falls: nothing else is wrong.
      await program.committed(server.nextSeq - 1);
      await metric(program, "indexer_processing_lag_seconds", "", (seconds) => seconds === 0);
    },
  },
  {
    alert: "IndexerEventsMayBeMissing",
    async happens(scene): Promise<void> {
      const port = lastingPort();
      const server = new ReplayServer({ port });
      {
        await using program = scene.program({ streamUrl: server.url });
        await program.committed(server.push(scene.events.put("alice/scene/s")));
      }
      await server.close();
      const later = new SampleEvents(Date.now() * 1000 + 120_000_000);
      await using newer = new ReplayServer({ port, firstSeq: 1000, floorSeq: 1000 });
      newer.push(later.put("alice/scene/t"));
      await using program = scene.program({ streamUrl: newer.url });
      await program.until(() =>
        program.log.some(({ notice }) =>
          ["replay_starts_late", "outdated_cursor"].includes(String(notice))
        )
      );
      const labels = 'code="(?:replay_starts_late|outdated_cursor)"';
      await metric(program, "indexer_notices_total", labels, (count) => count > 0);
      const told = program.log.find((line) => line["notice"] !== undefined);
      scene.clue(String(told?.["notice"]), program.log);
    },
  },
  {
    alert: "IndexerClockDiffers",
    async happens(scene): Promise<void> {
      await using server = new ReplayServer();
      const ahead = new SampleEvents(Date.now() * 1000 + 20 * 3_600_000_000);
      await using program = scene.program({ streamUrl: server.url, clock: hastyClock(20) });
      await program.until(() => program.said("connected") > 0);
      const timer = setInterval(() => server.push(ahead.put("alice/scene/s")), 50);
      try {
        await metric(program, "indexer_clock_ahead_seconds", "", (seconds) => seconds > 0);
      } finally {
        clearInterval(timer);
      }
      const ready = await program.fetch("/ready");
      assert.equal(ready.status, 503);
      scene.clue("clock", await ready.text());
    },
  },
  {
    alert: "IndexerReplayStalled",
    async happens(scene): Promise<void> {
      // No archive beside this stream.
      await using server = new ReplayServer();
      server.push(scene.events.put("alice/scene/s"));
      await using program = scene.program({
        streamUrl: server.v2Url,
        env: { START_FROM: "archive" },
      });
      await metric(program, "indexer_replaying", "", (value) => value === 1);
      await metric(program, "indexer_replay_done", "", (value) => value === 0);
      const word = "cannot find an archive beside the live stream";
      await program.until(() => program.log.some(({ why }) => String(why).startsWith(word)));
      scene.clue(word, program.log);
      assert.equal(program.cursor, 0);
    },
  },
];
