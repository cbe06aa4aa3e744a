import { sleep, systemClock } from "../client/clock.ts";
import { readServerAddress } from "../config.ts";
import type { Status } from "../server/status/status.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { parseOptions } from "./options.ts";
import { json, plain } from "./plain.ts";
import { statusLines } from "./status_text.ts";

/** Limit for the answer of the process. */
const TIMEOUT_MS = 5_000;

const WATCH_MS = 2_000;

export const status: Command = {
  name: "status",
  summary: "show the status of the running process",
  help: `usage: jetstream-indexer status [--ready | --watch] [--json]
           [--url URL]

Asks the process that runs on this machine, on HTTP_HOST and
METRICS_PORT, with INTERNAL_AUTH_TOKEN where one is set.

  --ready     exit with 0 when it is ready and 1 when it is
              not; for health checks
  --watch     ask again every two seconds, until Ctrl-C
  --json      print what it answers, for scripts
  --url URL   ask there, not at this machine's process

Examples:
  jetstream-indexer status --watch
  jetstream-indexer status --url http://10.0.0.7:9090`,
  async run(args, terminal): Promise<number> {
    const { values } = parseOptions(args, {
      ready: { type: "boolean" },
      watch: { type: "boolean" },
      json: { type: "boolean" },
      url: { type: "string" },
    });
    const base = baseUrl(values.url, terminal);
    if (values.ready && values.watch) throw new UsageError("status takes --ready or --watch");
    if (values.watch) return await watch(base, values.json === true, terminal);
    return values.ready
      ? await ready(base, terminal)
      : await show(base, values.json === true, terminal);
  },
};

function baseUrl(given: string | undefined, { env }: Terminal): URL {
  if (given !== undefined) {
    const url = URL.parse(given);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new UsageError(`cannot use --url ${given}: expected http://HOST:PORT`);
    }
    return url;
  }
  const { HTTP_HOST, METRICS_PORT } = readServerAddress(env);
  const host = LOOPBACK_OF.get(HTTP_HOST) ?? HTTP_HOST;
  return new URL(`http://${host.includes(":") ? `[${host}]` : host}:${METRICS_PORT}`);
}

/** A process that listens on all addresses is asked on the machine's own. */
const LOOPBACK_OF: ReadonlyMap<string, string> = new Map([["0.0.0.0", "127.0.0.1"], ["::", "::1"]]);

async function ask(base: URL, path: string, { env }: Terminal): Promise<Response> {
  const token = env["INTERNAL_AUTH_TOKEN"]?.trim();
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const url = new URL(path, base);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // The token is for this address only.
    return await fetch(url, { headers, signal, redirect: "manual" });
  } catch {
    throw new Error(`cannot reach ${url.origin}: no process answers there; is it running?`);
  }
}

/** Shows it repeatedly. A process that doesn't answer may be starting, so it is retried. */
async function watch(base: URL, asJson: boolean, terminal: Terminal): Promise<number> {
  const { stop, colours, print, complain } = terminal;
  while (!stop.aborted) {
    const lines: string[] = [];
    try {
      await show(base, asJson, { ...terminal, print: (line) => lines.push(line) });
      // On a terminal: moves the cursor home and clears the screen.
      print(`${colours ? "\x1b[H\x1b[2J" : ""}${lines.join("\n")}`);
    } catch (error) {
      if (stop.aborted) break;
      complain(plain(error instanceof Error ? error.message : String(error)));
    }
    await sleep(WATCH_MS, systemClock, stop).catch(() => {});
  }
  return 0;
}

async function ready(base: URL, terminal: Terminal): Promise<number> {
  const response = await ask(base, "/ready", terminal);
  const answer = await response.json() as { message?: string };
  if (response.ok) {
    terminal.print("ready");
    return 0;
  }
  terminal.complain(`not ready: ${plain(answer.message ?? "no reason given")}`);
  return 1;
}

async function show(base: URL, asJson: boolean, terminal: Terminal): Promise<number> {
  const response = await ask(base, "/api/status", terminal);
  if (response.status === 403) {
    await response.body?.cancel();
    throw new Error("the process requires a token: set INTERNAL_AUTH_TOKEN to the same value");
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`cannot read the status: the process answered ${response.status}`);
  }
  const answer = await response.text();
  if (asJson) {
    terminal.print(json(JSON.parse(answer)));
  } else {
    const seen = (_: string, value: unknown): unknown =>
      typeof value === "string" ? plain(value) : value;
    const status = JSON.parse(answer, seen) as Status;
    for (const line of statusLines(status, terminal.colours)) terminal.print(line);
  }
  return 0;
}
