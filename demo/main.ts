/**
 * The whole system with nothing installed: an embedded database, a local Jetstream that plays a sample
 * stream, the indexer and its status page.
 *
 * `--once` plays the stream once, waits until all of it is committed, and prints the summary. With
 * `--query SQL` it prints the answer before that, one row a line.
 */

import { runIndexer, type Running } from "../lib/commands/run.ts";
import { liveCounts } from "../lib/repository/counts.ts";
import { type JetstreamEvent, ReplayServer } from "../tests/jetstream/replay_server.ts";
import manifest from "../deno.json" with { type: "json" };
import { SAMPLE_SECONDS, sampleStream } from "./sample_stream.ts";

const once = Deno.args.includes("--once");
const queryAt = Deno.args.indexOf("--query");
const query = queryAt < 0 ? undefined : Deno.args[queryAt + 1];

/** Events a second, in the demo that goes on for ever. */
const PACE = 10;

await using server = new ReplayServer({ keep: 10_000 });
const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());
Deno.addSignalListener("SIGTERM", () => stop.abort());

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function sample(): JetstreamEvent[] {
  return sampleStream((Date.now() - SAMPLE_SECONDS * 1000) * 1000) as unknown as JetstreamEvent[];
}

/** Plays the sample stream again and again, each time with newer revisions. */
async function playForEver(): Promise<void> {
  while (!stop.signal.aborted) {
    for (const event of sample()) {
      server.push({ ...event, time_us: Date.now() * 1000 });
      await new Promise((resolve) => setTimeout(resolve, 1000 / PACE));
      if (stop.signal.aborted) return;
    }
  }
}

async function summary({ telemetry, database }: Running): Promise<string> {
  const { totals, facts } = telemetry;
  const received = Object.values(totals).reduce((sum, count) => sum + count, 0);
  const tables = await liveCounts(database.sql);
  return JSON.stringify({ received, ...totals, cursor: facts.position?.cursor ?? 0, tables });
}

let running: Running | undefined;
let lastLine = "";
let checking = Promise.resolve();

/** Ends the demo once the last event of the stream is committed. */
async function endWhenDone(): Promise<void> {
  if (running === undefined || stop.signal.aborted) return;
  const { position } = running.telemetry.facts;
  if (position === null || position.cursor < server.nextSeq - 1) return;
  if (query !== undefined) {
    for (const row of await running.database.sql.unsafe(query)) print(JSON.stringify(row));
  }
  lastLine = await summary(running);
  stop.abort();
}

if (once) server.push(...sample());
const playing = once ? Promise.resolve() : playForEver();
const code = await runIndexer({
  env: {
    ...Deno.env.toObject(),
    SUBCULT_ENV: "development",
    DATABASE_URL: "memory:",
    JETSTREAM_URL: server.url,
    JETSTREAM_COMPRESS: "false",
    START_FROM: "0",
    LOCATION_JITTER_SECRET: "a fixed secret, for places that do not exist",
    HTTP_HOST: "127.0.0.1",
    METRICS_PORT: Deno.env.get("METRICS_PORT") ?? "0",
    LOG_LEVEL: Deno.env.get("LOG_LEVEL") ?? (once ? "warn" : "info"),
  },
  build: { version: manifest.version, commit: null, embeddedDatabase: true },
  print,
  complain: print,
  colours: false,
  stop: stop.signal,
}, {
  started: (now) => {
    running = now;
    if (!once) print(`\nThe status page: http://${now.host}:${now.port}/\n`);
  },
  committed: () => {
    if (once) checking = checking.then(endWhenDone);
  },
});
stop.abort();
await playing;
await checking;
if (lastLine !== "") print(lastLine);
Deno.exitCode = code;
