/** The program in a process of its own, with a hostile server. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { type Peer, WebSocketServer } from "../jetstream/websocket_server.ts";
import type { TestDatabase } from "../database.ts";
import { until, within } from "../within.ts";
import { limitMemoryOf } from "./memory_limit.ts";

/**
 * How much the process may grow in one attack, bytes. The most is what V8 makes of 7 MB of brackets
 * (0.4 GB); the heap is collected late, not at once.
 */
const MAX_GROWTH_BYTES = 640 * 1024 * 1024;

/** How long the valid record after an attack may take. */
const PATIENCE_MS = 60_000;

/** What an attack does to one connection. `again`: the client disconnected before the end. */
export type Attack = (peer: Peer) => Promise<void | "again">;

const MOST_TURNS = 20;

export interface Damage {
  readonly growthBytes: number;
  readonly tookMs: number;
}

/** The permissions of the executable. `--no-prompt`: others are denied without asking. */
export const PERMISSIONS = ["--no-prompt", "--allow-net", "--allow-env"] as const;

/** The command line that runs the program from its source. */
export const FROM_SOURCE: readonly string[] = [
  Deno.execPath(),
  "run",
  "--quiet",
  "--v8-flags=--max-old-space-size=512",
  ...PERMISSIONS,
  new URL("../../../main.ts", import.meta.url).href,
];

export class Victim implements AsyncDisposable {
  readonly sql: Sql;
  readonly #server: WebSocketServer;
  readonly #process: Deno.ChildProcess;
  readonly #output: Promise<void>;
  readonly log: string[] = [];
  #origin = "";
  #peer = Promise.withResolvers<Peer>();
  #good = 0;

  /** Starts it. Resolves when it is connected, and has no more memory to come than its unit. */
  static async start(
    database: TestDatabase,
    env: Record<string, string> = {},
    command = FROM_SOURCE,
  ): Promise<Victim> {
    const victim = new Victim(database, env, command);
    const connected = Promise.race([
      victim.#peer.promise,
      victim.#process.status.then(() => Promise.reject(new Error(victim.log.join("\n")))),
    ]);
    await within(connected, "the connection of the program", {
      limitMs: 120_000,
      state: () => victim.log.join("\n"),
    });
    await limitMemoryOf(victim.pid);
    return victim;
  }

  private constructor(
    { url, sql }: TestDatabase,
    env: Record<string, string>,
    [program = "", ...args]: readonly string[],
  ) {
    this.sql = sql;
    this.#server = new WebSocketServer(async (peer) => {
      await peer.accept();
      this.#peer.resolve(peer);
      await peer.gone;
      this.#peer = Promise.withResolvers();
    });
    this.#process = new Deno.Command(program, {
      args,
      env: {
        SUBCULT_ENV: "production",
        DATABASE_URL: url,
        JETSTREAM_URL: `${this.#server.origin}/subscribe`,
        LOCATION_JITTER_SECRET: "0123456789abcdef0123456789abcdef",
        HTTP_HOST: "127.0.0.1",
        METRICS_PORT: "0",
        RECONNECT_BASE_MS: "1",
        RECONNECT_MAX_MS: "50",
        LOG_LEVEL: "debug",
        ...env,
      },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = this.#listen();
  }

  /** Runs an attack, and waits until the valid record after it is written. */
  async suffer(
    attack: Attack,
    { token = "", patienceMs = PATIENCE_MS }: { token?: string; patienceMs?: number } = {},
  ): Promise<Damage> {
    const before = await this.#residentBytes(token);
    let most = before;
    const since = performance.now();
    const looks = new Set<Promise<void>>();
    const watch = setInterval(() => {
      const look = this.#residentBytes(token)
        .then((bytes) => void (most = Math.max(most, bytes)), () => {})
        .finally(() => looks.delete(look));
      looks.add(look);
    }, 100);
    try {
      await Promise.race([
        this.#onPeer(attack).then(() => this.#recovers(patienceMs)),
        this.#process.status.then(() =>
          Promise.reject(new Error(`it ended; ${this.#lastWords()}`))
        ),
      ]);
      most = Math.max(most, await this.#residentBytes(token));
    } finally {
      clearInterval(watch);
      await Promise.all(looks);
    }
    const damage = { growthBytes: most - before, tookMs: performance.now() - since };
    if (damage.growthBytes > MAX_GROWTH_BYTES) {
      throw new Error(`it grew by ${Math.round(damage.growthBytes / 2 ** 20)} MiB`);
    }
    return damage;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get port(): number {
    return Number(new URL(this.#origin).port);
  }

  /** Sends a request to a path, with the token of the settings. */
  async ask(method: string, path: string, token: string): Promise<Response> {
    return await fetch(this.#origin + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
    });
  }

  /** The answer at a path. */
  async get(path: string): Promise<string> {
    return await (await fetch(this.#origin + path)).text();
  }

  /** Repeats a request, whose answer may be some seconds old, until the answer contains a text. */
  async says(path: string, words: RegExp, patienceMs: number = PATIENCE_MS): Promise<void> {
    let answer = "";
    const isSaid = async (): Promise<boolean> => words.test(answer = await this.get(path));
    await until(isSaid, `${path} says ${words}`, { limitMs: patienceMs, state: () => answer });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself, which the test has noticed.
    }
    await this.#process.status;
    await this.#output;
    await this.#server.close();
  }

  async #onPeer(attack: Attack): Promise<void> {
    for (let turn = 1; turn <= MOST_TURNS; turn++) {
      const peer = await this.#peer.promise;
      if (await attack(peer) !== "again") return;
    }
    throw new Error(`it left in the middle of ${MOST_TURNS} attacks`);
  }

  /** Sends a valid record, again on each connection, until it is in the tables. */
  async #recovers(patienceMs: number): Promise<void> {
    const rkey = `good${++this.#good}`;
    let sentTo: Peer | null = null;
    const isWritten = async (): Promise<boolean> => {
      const peer = await this.#peerWithin(50);
      if (peer !== undefined && peer !== sentTo) {
        sentTo = peer;
        await peer.send(commit("did:plc:good", "scene", rkey, { name: "good" }));
      }
      return (await this.sql`select from scenes where record_rkey = ${rkey}`).length > 0;
    };
    const state = (): string => this.#lastWords();
    await until(isWritten, "progress after the attack", { limitMs: patienceMs, state });
  }

  async #peerWithin(ms: number): Promise<Peer | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => timer = setTimeout(resolve, ms, undefined));
    try {
      return await Promise.race([this.#peer.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #residentBytes(token: string): Promise<number> {
    const metrics = await (await this.ask("GET", "/metrics", token)).text();
    return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1] ?? NaN);
  }

  async #listen(): Promise<void> {
    const listen = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      let rest = "";
      for await (const text of stream.pipeThrough(new TextDecoderStream() as never)) {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.#hear(line);
      }
      if (rest !== "") this.#hear(rest);
    };
    await Promise.all([listen(this.#process.stdout), listen(this.#process.stderr)]);
  }

  #lastWords(): string {
    return this.log.slice(-5).join("\n");
  }

  #hear(line: string): void {
    this.log.push(line);
    const port = /"message":"listening".*"port":(\d+)/.exec(line)?.[1];
    if (port !== undefined) this.#origin = `http://127.0.0.1:${port}`;
  }
}

let lastTimeUs = 0;

/** A time that no event had before, Unix microseconds. */
export function nextTimeUs(): number {
  lastTimeUs = Math.max(lastTimeUs + 1, Date.now() * 1000);
  return lastTimeUs;
}

/** A commit as a v1 server sends it. A text as record is inserted unchanged. */
export function commit(
  did: string,
  collection: string,
  rkey: string,
  record: object | string,
  more: object = {},
): string {
  const timeUs = nextTimeUs();
  const text = JSON.stringify({
    did,
    time_us: timeUs,
    kind: "commit",
    commit: {
      rev: `r${timeUs}`,
      operation: "create",
      collection: `app.subcult.${collection}`,
      rkey,
      record: typeof record === "string" ? "RECORD" : record,
      ...more,
    },
  });
  return typeof record === "string" ? text.replace('"RECORD"', () => record) : text;
}
