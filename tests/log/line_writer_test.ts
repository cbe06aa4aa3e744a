import assert from "node:assert/strict";
import { LineWriter } from "../../lib/log/line_writer.ts";
import { settings } from "../support/crash/settings.ts";
import { databaseTest } from "../support/database.ts";
import { until } from "../support/within.ts";
import { lastingPort } from "../support/lasting_port.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

Deno.test("lines are written in order, and what doesn't fit is dropped and counted", async () => {
  const gate = Promise.withResolvers<void>();
  const written: string[] = [];
  const writer = new LineWriter({
    async write(bytes: Uint8Array): Promise<number> {
      await gate.promise;
      // A part at a time, as pipes take it.
      const part = bytes.subarray(0, 7);
      written.push(new TextDecoder().decode(part));
      return part.length;
    },
  });
  const line = "x".repeat(25_000);
  for (let number = 0; number < 20; number++) writer.write(`${number} ${line}`);
  await writer.flush(1); // Nobody reads: it waits no longer than its limit.
  assert.equal(writer.dropped, 10);
  gate.resolve();
  await writer.flush(60_000);
  const lines = written.join("").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((text) => text.split(" ")[0]),
    Array.from({ length: 10 }, (_, n) => `${n}`),
  );
  writer.write("again");
  await writer.flush(60_000);
  assert.match(written.join(""), /again\n$/);
});

Deno.test("a log of any length loses nothing while it is read", async () => {
  const writer = new LineWriter({ write: (bytes) => Promise.resolve(bytes.length) });
  for (let number = 0; number < 20; number++) {
    writer.write("x".repeat(100_000));
    await writer.flush(60_000);
  }
  assert.equal(writer.dropped, 0);
});

/** The program with a standard output that nobody reads. */
function unread(databaseUrl: string, streamUrl: string): {
  readonly child: Deno.ChildProcess;
  readonly port: number;
} {
  const port = lastingPort();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", "--allow-env", "--no-prompt", MAIN, "run"],
    env: settings(databaseUrl, streamUrl, {
      METRICS_PORT: String(port),
      RECONNECT_BASE_MS: "1",
      RECONNECT_MAX_MS: "1",
      LOG_LEVEL: "debug",
    }),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  return { child, port };
}

databaseTest(
  "a log that nobody reads stops nothing: health, metrics and SIGTERM work",
  async ({ url }) => {
    // A server that rejects every connection causes endless log lines.
    const nobody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void (async () => {
      for await (const connection of nobody) connection.close();
    })();
    const stream = `ws://127.0.0.1:${nobody.addr.port}/subscribe`;
    const { child, port } = unread(url, stream);
    try {
      const dropped = async (): Promise<number> => {
        const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
        const text = await response?.text() ?? "";
        return Number(/^indexer_log_lines_dropped_total (\d+)/m.exec(text)?.[1] ?? 0);
      };
      await until(async () => await dropped() > 0, "a dropped line", { limitMs: 60_000 });
      const health = await fetch(`http://127.0.0.1:${port}/health`);
      assert.ok([200, 503].includes(health.status));
      await health.body?.cancel();
      child.kill("SIGTERM");
      const { code, signal } = await child.status;
      assert.deepEqual({ code, signal }, { code: 0, signal: null });
    } finally {
      nobody.close();
      await child.stdout.cancel();
    }
  },
  { kinds: ["server"] },
);
