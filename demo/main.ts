/**
 * The whole system with nothing installed: an embedded database, a local Jetstream that plays a sample
 * stream repeatedly, the indexer and its status page. It prints how to reach each of them, and the interesting
 * events. `--pace N` plays N events a second.
 *
 * `--once` plays the stream once, waits until all of it is committed, and prints the summary. With
 * `--query SQL` it prints the answer before that, one row a line.
 */

import { outcomeTotals } from "../lib/server/facts/counts.ts";
import { runIndexer, type Running } from "../lib/commands/run.ts";
import { liveCounts } from "../lib/repository/status/table_counts.ts";
import { startEmbedded } from "../lib/repository/embedded/embedded.ts";
import { type JetstreamEvent, ReplayServer } from "../tests/support/jetstream/replay_server.ts";
import manifest from "../deno.json" with { type: "json" };
import { SAMPLE_SECONDS, sampleStream, WAITING_EVENT } from "./sample_stream.ts";
import { Tour } from "./tour.ts";

const once = Deno.args.includes("--once");
const query = valueOf("--query");

/** Events a second, without `--once`. */
const pace = Math.max(1, Number(valueOf("--pace") ?? 10) || 10);

/** How many events later the scene arrives that an event waits for: long enough to see the event waiting. */
const WAITS_FOR = 50;

/** The token of the page, which can't retry or discard without one. Empty: none. */
const token = Deno.env.get("INTERNAL_AUTH_TOKEN") ?? (once ? "" : crypto.randomUUID().slice(0, 18));

function valueOf(option: string): string | undefined {
  const at = Deno.args.indexOf(option);
  return at < 0 ? undefined : Deno.args[at + 1];
}

await using server = new ReplayServer({ keep: 10_000 });
const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());
Deno.addSignalListener("SIGTERM", () => stop.abort());

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function sample(): JetstreamEvent[] {
  return sampleStream((Date.now() - SAMPLE_SECONDS * 1000) * 1000) as unknown as JetstreamEvent[];
}

/** Plays the sample stream repeatedly, each time with newer revisions. */
async function playForEver(): Promise<void> {
  // Slowly, so that waiting records are visible.
  while (server.connected === 0 && !stop.signal.aborted) await pause(100);
  for (let round = 0; !stop.signal.aborted; round++) {
    for (const event of sample()) {
      server.push({ ...event, time_us: Date.now() * 1000 });
      const events = round === 0 && event.commit?.rkey === WAITING_EVENT ? WAITS_FOR : 1;
      await pause(events * 1000 / pace);
      if (stop.signal.aborted) return;
    }
  }
}

function printPlaces({ host, port }: Running, databaseUrl: string): void {
  const query = "select name, handle, coarse_geohash, allow_precise from public_scenes";
  print(`
The status page   http://${host}:${port}/
Its token         ${token || "none is needed"}
The database      psql '${databaseUrl}'
for example       psql '${databaseUrl}' -c '${query}'

Events worth watching:
`);
}

async function summary({ telemetry, database }: Running): Promise<string> {
  const { facts } = telemetry;
  const totals = outcomeTotals(facts.counts);
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

async function lookAround(): Promise<void> {
  if (running === undefined || stop.signal.aborted) return;
  await tour.look(running.database.sql);
}

if (once) server.push(...sample());
const playing = once ? Promise.resolve() : playForEver();
const embedded = await startEmbedded();
const tour = new Tour(print);
const code = await runIndexer({
  env: {
    ...Deno.env.toObject(),
    SUBCULT_ENV: "development",
    DATABASE_URL: embedded.url,
    INTERNAL_AUTH_TOKEN: token,
    // The accounts of the sample stream have no servers.
    RECONCILE_ENABLED: "false",
    JETSTREAM_URL: server.url,
    JETSTREAM_COMPRESS: "false",
    START_FROM: "0",
    LOCATION_JITTER_SECRET: "a fixed secret, for places that do not exist",
    HTTP_HOST: "127.0.0.1",
    METRICS_PORT: Deno.env.get("METRICS_PORT") ?? "0",
    LOG_LEVEL: Deno.env.get("LOG_LEVEL") ?? "warn",
  },
  build: { version: manifest.version, commit: null, embeddedDatabase: true },
  print,
  complain: print,
  colours: false,
  stop: stop.signal,
}, {
  started: (now) => {
    running = now;
    if (!once) printPlaces(now, embedded.url);
  },
  committed: () => {
    checking = checking.then(once ? endWhenDone : lookAround);
  },
});
stop.abort();
await playing;
await checking;
await embedded.close();
if (lastLine !== "") print(lastLine);
Deno.exitCode = code;
