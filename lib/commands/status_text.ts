/** The status for a person, in lines. Its texts are plain already. */

import type { StreamEnding } from "../server/facts/stream_facts.ts";
import type { ReplayStatus, Status } from "../server/status/status.ts";
import { painter } from "./colour.ts";
import { plain } from "./plain.ts";

export function statusLines(status: Status, colours: boolean): string[] {
  const paint = painter(colours);
  const { stored } = status;
  const lines = [
    `${paint("bold", "jetstream-indexer")} ${status.version}, consumer ${status.consumer}, ` +
    `up ${duration(status.uptimeSeconds)}`,
    fact("health", healthText(status.health, "well", "not well:", paint)),
    fact("ready", healthText(status.ready, "yes", "no:", paint)),
    ...(status.standby ? [fact("role", "standby: another instance writes")] : []),
    fact("stream", stream(status, paint)),
    ...(status.replay === null ? [] : [fact("replay", replay(status.replay, paint))]),
    fact("lag", lag(status, paint)),
    fact("cursor", cursor(status, paint)),
    fact("database", database(status, paint)),
    fact("queue", queue(status, paint)),
    fact("events", counts(status.totals)),
    fact("sources", sources(status, paint)),
  ];
  if (stored === null) return lines;
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
  const counted = stored.countedAt === null ? "" : `counted at ${stored.countedAt}`;
  const names = stored.collections.map(({ collection }) => collection);
  const width = Math.max(...names.map((name) => name.length));
  lines.push(
    fact("records", counted),
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

function healthText(answer: Status["health"], good: string, bad: string, paint: Paint): string {
  if (answer.ok) return paint("good", good);
  const why = answer.reasons.map(({ message }) => message).join("; ");
  return `${paint("bad", bad)} ${why}`;
}

function stream({ connection, replay }: Status, paint: Paint): string {
  const { connected, source, protocol, failuresInARow, lastFailure, lastEnding } = connection;
  if (connected) return `${paint("good", "connected")} ${source ?? ""} (${protocol})`;
  if (replay !== null) return "read after the archive";
  const no = paint("bad", "not connected");
  if (failuresInARow > 0 && lastFailure !== null) {
    return `${no} to ${lastFailure.source}: ${lastFailure.why} ` +
      `(attempts that failed in a row: ${failuresInARow})`;
  }
  return lastEnding === null ? no : `${no}: ${endingText(lastEnding)}`;
}

function endingText({ kind, code, reason }: StreamEnding): string {
  return kind + (code === null ? "" : ` with code ${code}`) + (reason === "" ? "" : `: ${reason}`);
}

function lag({ lagSeconds, replay }: Status, paint: Paint): string {
  // During a replay it is the age of the archive's events.
  if (replay !== null) return duration(lagSeconds);
  return paint(lagSeconds <= 60 ? "good" : "bad", duration(lagSeconds));
}

function database(
  { database: { up, failure, refusal, blocked }, now }: Status,
  paint: Paint,
): string {
  const since = (time: string | null | undefined): string =>
    time ? `, for ${duration(Math.max(0, Date.parse(now) - Date.parse(time)) / 1000)}` : "";
  const code = (of: { code: string | null } | null): string => of?.code ? ` (${of.code})` : "";
  if (!up) return `${paint("bad", "away")}${code(failure)}${since(failure?.since)}`;
  if (blocked !== null) {
    const holders = blocked.holders.map((holder) => holderText(holder)).join("; ");
    return `${paint("bad", "up, but blocked")}: waits for ${blocked.what}` +
      `${since(blocked.since)}, held by ${holders}`;
  }
  if (refusal === null) return paint("good", "up");
  return `${paint("bad", "up, but rejects writes")}${code(refusal)}${since(refusal.since)}`;
}

/** "process 4711 of postgres (psql, idle in transaction)" */
function holderText(
  { pid, user, application, state, waits }: NonNullable<
    Status["database"]["blocked"]
  >["holders"][0],
): string {
  if (pid === 0) return "a prepared transaction";
  const about = [application, waits ? "waits itself" : state].filter((text) => text).join(", ");
  return `process ${pid} of ${user ?? "an unknown role"}${about === "" ? "" : ` (${about})`}`;
}

function cursor({ cursor }: Status, paint: Paint): string {
  return cursor === null ? "none yet" : `${cursor.cursor} ${paint("dim", cursor.time ?? "")}`;
}

function queue({ backpressure }: Status, paint: Paint): string {
  const { queued, max, paused, pausedSeconds } = backpressure;
  const pause = paused ? paint("warn", `, paused for ${duration(pausedSeconds)}`) : "";
  return `${queued} of ${max}${pause}`;
}

/** How many repositories were compared with their source, and what was repaired. */
function sources({ reconcile }: Status, paint: Paint): string {
  const { compared, put, deleted, queued, failing } = reconcile;
  const repaired = put + deleted;
  return [
    `${compared} compared`,
    repaired === 0 ? "nothing differed" : paint("warn", `${put} records put, ${deleted} deleted`),
    ...(queued > 0 ? [`${queued} to do`] : []),
    ...(failing > 0 ? [paint("warn", `${failing} failing`)] : []),
  ].join(", ");
}

function replay({ source, progress, failure }: ReplayStatus, paint: Paint): string {
  const parts = [`from ${source}`];
  if (progress !== null) {
    const { done, total, perSecond, segmentsDone, segmentsTotal, events, leftSeconds } = progress;
    parts.unshift(`${total === 0 ? 100 : Math.floor(100 * done / total)} %`);
    if (leftSeconds !== null) parts.push(`about ${duration(leftSeconds)} left`);
    parts.push(
      `${segmentsDone} of ${segmentsTotal} segments`,
      `${Math.round(perSecond)} sequence numbers/s`,
      `${events} events`,
    );
  }
  if (failure !== null) parts.push(paint("bad", failure));
  return parts.join(", ");
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
