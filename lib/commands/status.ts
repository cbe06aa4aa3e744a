import type { Status } from "../server/status.ts";
import type { StoredArchive } from "../server/stored_status.ts";
import { painter } from "./colour.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { parseOptions } from "./options.ts";
import { json, plain } from "./plain.ts";

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

/** The status for a person, of an answer whose texts are plain. */
function statusLines(status: Status, colours: boolean): string[] {
  const paint = painter(colours);
  const { stored } = status;
  const lines = [
    `${paint("bold", "jetstream-indexer")} ${status.version}, consumer ${status.consumer}, ` +
    `up ${duration(status.uptimeSeconds)}`,
    fact("health", verdict(status.health, "well", "not well:", paint)),
    fact("ready", verdict(status.ready, "yes", "no:", paint)),
    ...(status.standby ? [fact("role", "standby: another instance writes")] : []),
    fact("stream", stream(status, paint)),
    fact("lag", paint(status.lagSeconds < 60 ? "good" : "bad", duration(status.lagSeconds))),
    fact("cursor", cursor(status, paint)),
    fact("database", status.database.up ? paint("good", "up") : paint("bad", "away")),
    fact("queue", queue(status, paint)),
    fact("events", counts(status.totals)),
  ];
  if (stored === null) return lines;
  if (stored.archive !== null) lines.push(fact("archive", archive(stored.archive)));
  const { open, reasons } = stored.deadLetters;
  lines.push(
    fact("waiting", String(stored.waiting.total)),
    fact(
      "dead letters",
      (open === 0 ? "none" : paint("warn", String(open))) +
        reasons.map(({ reason, count }) => `, ${reason} ${count}`).join(""),
    ),
  );
  if (stored.collections.length === 0) return lines;
  const names = stored.collections.map(({ collection }) => collection);
  const width = Math.max(...names.map((name) => name.length));
  lines.push(
    "records",
    ...stored.collections.map(({ states }, at) =>
      `  ${(names[at] ?? "").padEnd(width)}  ${counts(states)}`
    ),
  );
  if (status.database.stale) lines.push(paint("warn", "the database did not answer: older counts"));
  return lines;
}

type Paint = ReturnType<typeof painter>;

function fact(name: string, value: string): string {
  return `${name.padEnd(14)}${value}`;
}

function verdict(answer: Status["health"], good: string, bad: string, paint: Paint): string {
  if (answer.ok) return paint("good", good);
  const why = answer.reasons.map(({ message }) => message).join("; ");
  return `${paint("bad", bad)} ${why}`;
}

function stream({ connection }: Status, paint: Paint): string {
  const { connected, source, protocol, failuresInARow, lastFailure, lastEnding } = connection;
  const where = source === null ? "" : ` ${source} (${protocol})`;
  if (connected) return `${paint("good", "connected")}${where}`;
  const failed = failuresInARow === 0 ? "" : `, ${failuresInARow} attempts failed in a row`;
  const why = failuresInARow > 0 ? lastFailure?.why : lastEnding?.reason;
  return `${paint("bad", "not connected")}${where}${failed}${why ? `: ${why}` : ""}`;
}

function cursor({ cursor }: Status, paint: Paint): string {
  return cursor === null ? "none yet" : `${cursor.cursor} ${paint("dim", cursor.time ?? "")}`;
}

function queue({ backpressure }: Status, paint: Paint): string {
  const { queued, max, paused, pausedSeconds } = backpressure;
  const pause = paused ? paint("warn", `, paused for ${duration(pausedSeconds)}`) : "";
  return `${queued} of ${max}${pause}`;
}

function archive({ done, total, events, leftSeconds }: StoredArchive): string {
  const part = Math.floor(100 * done / Math.max(1, total));
  const left = leftSeconds === null ? "" : `, about ${duration(leftSeconds)} left`;
  return `${part} % replayed, ${events} events${left}`;
}

function counts(of: Readonly<Record<string, number>>): string {
  return Object.entries(of).map(([name, count]) => `${plain(name)} ${count}`).join(", ");
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
