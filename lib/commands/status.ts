import type { Status } from "../server/status.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { parseOptions } from "./options.ts";
import { json, plain } from "./plain.ts";
import { statusLines } from "./status_text.ts";

/** How long the process may take to answer. */
const TIMEOUT_MS = 5_000;

export const status: Command = {
  name: "status",
  summary: "ask the running process how it is",
  help: `usage: jetstream-indexer status [--ready] [--json] [--url URL]

Asks the process that runs on this machine, on METRICS_PORT, with INTERNAL_AUTH_TOKEN where one is set.

  --ready     exit with 0 when it is ready and 1 when it is not; for health checks
  --json      print what it answers, for scripts
  --url URL   ask there instead of http://127.0.0.1:METRICS_PORT`,
  async run(args, terminal): Promise<number> {
    const { values } = parseOptions(args, {
      ready: { type: "boolean" },
      json: { type: "boolean" },
      url: { type: "string" },
    });
    const base = baseUrl(values.url, terminal);
    return values.ready
      ? await ready(base, terminal)
      : await show(base, values.json === true, terminal);
  },
};

function baseUrl(given: string | undefined, { env }: Terminal): URL {
  if (given !== undefined) {
    if (!URL.canParse(given)) {
      throw new UsageError(`cannot use --url ${given}: expected http://HOST:PORT`);
    }
    return new URL(given);
  }
  return new URL(`http://127.0.0.1:${env["METRICS_PORT"]?.trim() || "9090"}`);
}

async function ask(base: URL, path: string, { env }: Terminal): Promise<Response> {
  const token = env["INTERNAL_AUTH_TOKEN"]?.trim();
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const url = new URL(path, base);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // The token is for this address alone.
    return await fetch(url, { headers, signal, redirect: "manual" });
  } catch {
    throw new Error(`cannot reach ${url.origin}: no process answers there; is it running?`);
  }
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
    throw new Error("the process wants a token: set INTERNAL_AUTH_TOKEN as it has it");
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
