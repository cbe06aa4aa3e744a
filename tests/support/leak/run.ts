/** One run of the whole program over a stream with marked places, and all its output. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { runIndexer, type Running } from "../../../lib/commands/run.ts";
import type { Terminal } from "../../../lib/commands/command.ts";
import { main } from "../../../lib/commands/command_line.ts";
import { type Script, ScriptedServer } from "../jetstream/server.ts";
import { encodeFrame, OPCODE } from "../jetstream/websocket_server.ts";
import { asked } from "./asked.ts";
import type { Breach } from "./breach.ts";
import { dump } from "./dump.ts";
import type { Frame } from "./frames.ts";
import type { Haystack, MarkedSecret } from "./search.ts";
import { LAST } from "./stream.ts";
import { TinyNetwork } from "../pds/tiny_network.ts";
import { until, within } from "../within.ts";

export interface RunOptions {
  /** Of the database, with its password. */
  readonly databaseUrl: string;
  /** On the same database. */
  readonly sql: Sql;
  readonly frames: readonly Frame[];
  /** A removed protection. */
  readonly breach?: Pick<Breach, "decoders" | "logger">;
  /** How many dead letters are requested one by one. */
  readonly letters: number;
  /** Largest batch: what comes and goes within one never has a row. */
  readonly batch: number;
}

/** Secrets that the process gets and must not print. */
const TOKEN = "tok3n/of+the=doors";
const API_KEY = "k3y~of~the~archive";
const JITTER_SECRET = 'jitter "s3cret" with ü, % and spaces';
const STREAM_PASSWORD = "str3am p@ss/word";
const QUERY_SECRET = "qu3ry-s3cret";

/** The secrets of a run, by name. */
export function secretsOfRun(databaseUrl: string): readonly MarkedSecret[] {
  return [
    { name: "database password", text: decodeURIComponent(new URL(databaseUrl).password) },
    { name: "token", text: TOKEN },
    { name: "API key", text: API_KEY },
    { name: "jitter secret", text: JITTER_SECRET },
    { name: "stream password", text: STREAM_PASSWORD },
    { name: "stream user and password", text: `reader:${STREAM_PASSWORD}` },
    { name: "query secret", text: QUERY_SECRET },
  ];
}

/** Runs until everything is committed, requests every answer, and reads the stored data. */
export async function everythingSaid(options: RunOptions): Promise<Haystack[]> {
  const { databaseUrl, sql, frames, letters, batch, breach = {} } = options;
  await using server = new ScriptedServer([
    reflects(401),
    reflects(503),
    plays(frames.slice(0, frames.length / 2), true),
    plays(frames, false),
  ]);
  const url = new URL(server.url());
  Object.assign(url, { username: "reader", password: STREAM_PASSWORD });
  url.searchParams.set("api_key", QUERY_SECRET);
  // There is no source, and none is waited for.
  await using network = new TinyNetwork();
  const sources = {
    PLC_URL: network.url,
    RECONCILE_ALLOW_PRIVATE: "true",
    RECONCILE_DELETION_DAYS: "0",
  };
  const env = { ...environment(databaseUrl, url.href, batch), ...sources };
  const stop = new AbortController();
  const log: string[] = [];
  const errors: string[] = [];
  const terminal: Terminal = {
    env,
    print: (line) => log.push(line),
    complain: (line) => errors.push(line),
    colours: false,
    stop: stop.signal,
    build: { version: "0", commit: null, embeddedDatabase: true },
  };
  const started = Promise.withResolvers<Running>();
  const progress = new Progress(sql);
  const running = runIndexer(terminal, {
    faultPoint: faults(databaseUrl),
    started: (running) => started.resolve(running),
    committed: () => progress.look(),
    ...(breach.decoders === undefined ? {} : { decoders: breach.decoders() }),
    ...(breach.logger === undefined ? {} : { logger: breach.logger(terminal.print) }),
  });
  const said: Haystack[] = [];
  try {
    const { host, port } = await within(started.promise, "the start of the program");
    await within(progress.done, "the last record of the stream", { limitMs: 300_000 });
    await settled(sql);
    said.push(...await asked(`http://${host}:${port}`, TOKEN, letters));
    const commands = { ...terminal, env: { ...env, METRICS_PORT: String(port) } };
    said.push(...await commanded(commands, sql, letters));
  } finally {
    stop.abort();
    await running;
  }
  // Durations in milliseconds have many decimals.
  said.push({ where: "log", text: log.join("\n"), decimals: 5 });
  said.push({ where: "standard error", text: errors.join("\n") });
  said.push(...await dump(sql));
  return said;
}

const LOOK_MS = 100;

function environment(
  databaseUrl: string,
  streamUrl: string,
  batch: number,
): Record<string, string> {
  return {
    SUBCULT_ENV: "production",
    DATABASE_URL: databaseUrl,
    JETSTREAM_URL: streamUrl,
    JETSTREAM_API_KEY: API_KEY,
    JETSTREAM_COMPRESS: "false",
    INTERNAL_AUTH_TOKEN: TOKEN,
    LOCATION_JITTER_SECRET: JITTER_SECRET,
    START_FROM: "0",
    HTTP_HOST: "127.0.0.1",
    METRICS_PORT: "0",
    LOG_LEVEL: "debug",
    RECONNECT_BASE_MS: "1",
    RECONNECT_ALERT_ATTEMPTS: "1",
    BATCH_MAX_EVENTS: String(batch),
  };
}

/** Rejects and repeats the request: a proxy in its debugging mode. */
function reflects(status: number): Script {
  return (peer) => {
    const { headers, query } = peer.request;
    const told = `${headers.get("authorization")} ${query} ${query.get("api_key")}`;
    return peer.refuse(status, JSON.stringify({ error: "Refused", message: told }));
  };
}

function plays(frames: readonly Frame[], thenDrop: boolean): Script {
  return async (peer) => {
    await peer.accept();
    for (const frame of frames) {
      // As text, also what is not UTF-8; CBOR begins with a map.
      const isText = typeof frame === "string" || frame[0] === 0xff;
      await peer.raw(encodeFrame(isText ? OPCODE.text : OPCODE.binary, frame));
    }
    if (thenDrop) peer.drop();
  };
}

/** A database that sometimes fails in the middle of a transaction, with its whole address in the error. */
function faults(databaseUrl: string): (name: string) => void {
  let passed = 0;
  return (name) => {
    if (name !== "batch_stored" && name !== "batch_cursor_moved") return;
    if (++passed % 7 !== 3) return;
    throw Object.assign(new Error(`lost: ${databaseUrl}`), { code: "08006" });
  };
}

/** Whether the last record of the stream is committed. */
class Progress {
  readonly #sql: Sql;
  readonly #done = Promise.withResolvers<void>();
  #looking: Promise<void> = Promise.resolve();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  look(): void {
    this.#looking = this.#looking.then(async () => {
      const rows = await this.#sql`select from records where did = ${LAST.did}`;
      if (rows.length > 0) this.#done.resolve();
    });
  }
}

/** Waits until no deletion waits for its source's answer. */
async function settled(sql: Sql): Promise<void> {
  const isSettled = async (): Promise<boolean> =>
    (await sql`select from reconciles where reason = 'deletion' and next_attempt_at is not null`)
      .length === 0;
  await until(isSettled, "the end of deleted accounts", { limitMs: 300_000, everyMs: LOOK_MS });
}

/** The output of the commands, for a running process and its database. */
async function commanded(terminal: Terminal, sql: Sql, limit: number): Promise<Haystack[]> {
  const letters = await sql<{ id: string }[]>`
    select id::text as id from dead_letters where resolved_at is null
    order by md5(id::text) limit ${limit}`;
  const commands = [
    "status",
    "status --json",
    "status --ready",
    "check",
    "check --json",
    "dead-letters list --limit 200",
    "dead-letters list --json --limit 1000",
    "dead-letters list --resolved --json --limit 1000",
    ...letters.flatMap(({ id }) => [`dead-letters show ${id}`, `dead-letters show ${id} --json`]),
    "dead-letters show 999999999",
    "dead-letters retry --all",
    "migrate",
  ];
  const said: Haystack[] = [];
  for (const command of commands) {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    await main(command.split(" "), { ...terminal, print, complain: print });
    const shows = command.startsWith("dead-letters show");
    said.push({
      where: `command ${command}`,
      text: lines.join("\n"),
      ...(shows ? { surface: "letter" } : { surface: "product", decimals: 7 }),
    });
  }
  return said;
}
