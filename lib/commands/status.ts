import type { Status } from "../server/status.ts";
import { painter, plain } from "./colour.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { parseOptions } from "./options.ts";

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
    return await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
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
  const status = await response.json() as Status;
  if (asJson) terminal.print(JSON.stringify(status));
  else for (const line of statusLines(status, terminal.colours)) terminal.print(line);
  return 0;
}

/** The status for a person. */
export function statusLines(status: Status, colours: boolean): string[] {
  const paint = painter(colours);
  const { connection, backpressure, stored, totals } = status;
  const verdict = (answer: Status["health"], good: string, bad: string): string => {
    if (answer.ok) return paint("good", good);
    const why = answer.reasons.map(({ message }) => plain(message)).join("; ");
    return `${paint("bad", bad)} ${why}`;
  };
  const lines = [
    `${paint("bold", "jetstream-indexer")} ${status.version}, consumer ${status.consumer}, ` +
    `up ${duration(status.uptimeSeconds)}`,
    `health      ${verdict(status.health, "well", "not well:")}`,
    `ready       ${verdict(status.ready, "yes", "no:")}`,
    `stream      ${
      connection.connected ? paint("good", "connected") : paint("bad", "not connected")
    } ${connection.source ?? ""} ${connection.protocol ?? ""}`.trimEnd(),
    `lag         ${paintLag(status.lagSeconds, paint)}`,
    `cursor      ${
      status.cursor === null
        ? "none yet"
        : `${status.cursor.cursor} ${paint("dim", status.cursor.time ?? "")}`
    }`,
    `database    ${status.database.up ? paint("good", "up") : paint("bad", "away")}`,
    `queue       ${backpressure.queued} of ${backpressure.max}` +
    (backpressure.paused
      ? paint("warn", `, paused for ${duration(backpressure.pausedSeconds)}`)
      : ""),
    `events      ${Object.entries(totals).map(([name, count]) => `${name} ${count}`).join(", ")}`,
  ];
  if (stored === null) return lines;
  const open = stored.deadLetters.open;
  lines.push(
    `waiting     ${stored.waiting.total}`,
    `dead        ${open === 0 ? "none" : paint("warn", String(open))}` +
      stored.deadLetters.reasons.map(({ reason, count }) => `, ${reason} ${count}`).join(""),
    "records",
    ...stored.collections.map(({ collection, states }) =>
      `  ${plain(collection).padEnd(28)} ${
        Object.entries(states).map(([state, count]) => `${state} ${count}`).join(", ")
      }`
    ),
  );
  return lines;
}

function paintLag(seconds: number, paint: ReturnType<typeof painter>): string {
  return paint(seconds < 60 ? "good" : "bad", duration(seconds));
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
