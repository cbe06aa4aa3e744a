/** The tiles at the top of the page, with the most important figures. */

import { byId, html, showWhenChanged } from "./dom.js";
import { age, count, counted, duration, rate, shortCount } from "./text.js";

const LAG_LIMIT_SECONDS = 60;

export function showTiles(status) {
  const figures = [
    connection(status),
    lag(status),
    rates(status),
    queue(status),
    database(status),
    cursor(status),
    waiting(status),
    deadLetters(status),
  ];
  showWhenChanged(byId("tiles"), figures, () => figures.map(figureElement));
}

/** Notes are lists of texts and `{ age }`. */
function figure(name, value, level, note) {
  return { name, value, level, note };
}

function connection({ connection, backpressure, replay }) {
  const { connected, source, since, failuresInARow, lastFailure } = connection;
  if (connected) return figure("Connection", "Connected", "good", ["since ", { age: since }]);
  // A pause closes the socket on purpose.
  if (backpressure.paused) return figure("Connection", "Paused", "warn", ["waits for the queue"]);
  if (replay !== null) return figure("Connection", "Archive", "none", ["then the live stream"]);
  const note = failuresInARow > 0 && lastFailure !== null
    ? `${lastFailure.why} (${counted(failuresInARow, "attempt")} failed)`
    : source === null
    ? "never yet"
    : "trying again";
  return figure("Connection", "None", "bad", [note]);
}

function lag({ lagSeconds, replay }) {
  // The age of the events of a replay is not lag.
  if (replay !== null) {
    return figure("Lag", duration(lagSeconds), "none", ["age of the replayed events"]);
  }
  const level = lagSeconds > LAG_LIMIT_SECONDS ? "bad" : "good";
  return figure("Lag", duration(lagSeconds), level, [`ready up to ${LAG_LIMIT_SECONDS} s`]);
}

function rates({ rates: now, received }) {
  const perSecond = Object.values(now).reduce((sum, value) => sum + value, 0);
  return figure("Events", `${rate(perSecond)} /s`, "none", [
    `${shortCount(received)} received since the start`,
  ]);
}

function queue({ backpressure: { queued, pauseAt, paused, pausedSeconds, oldestWaitingSeconds } }) {
  const note = paused
    ? `paused for ${duration(pausedSeconds)}`
    : queued === 0
    ? `pauses at ${count(pauseAt)}`
    : `oldest waits ${duration(oldestWaitingSeconds)}`;
  return figure("Queue", count(queued), paused ? "warn" : "good", [note]);
}

function database({ database: { up, stale, blocked, refusal, failure }, lastCommitAt }) {
  const commit = lastCommitAt === null ? ["no commit yet"] : ["commit ", { age: lastCommitAt }];
  if (!up) {
    const code = failure?.code ?? null;
    return figure("Database", "Down", "bad", code === null ? commit : [code, ", last ", ...commit]);
  }
  if (blocked !== null) {
    return figure("Database", "Blocked", "bad", [`waits for ${blocked.what}`]);
  }
  if (refusal !== null) {
    return figure("Database", "Refusing", "bad", [`SQLSTATE ${refusal.code}, last `, ...commit]);
  }
  return stale
    ? figure("Database", "Slow", "warn", commit)
    : figure("Database", "Up", "good", commit);
}

function cursor({ cursor: position }) {
  if (position === null) return figure("Cursor", "None", "none", ["nothing committed yet"]);
  const behind = duration(position.ageSeconds);
  return figure("Cursor", behind, "none", ["age of the committed event"]);
}

function waiting({ stored, database }) {
  if (stored === null) return figure("Waiting", "–", "none", ["not known yet"]);
  return figure("Waiting", shortCount(stored.waiting.total), "none", [
    "for another record",
    ...asOf(database),
  ]);
}

/** When the counts were read, if the database no longer answers. */
function asOf({ stale, asOf: time }) {
  return stale && time !== null ? [", as of ", { age: time }] : [];
}

function deadLetters({ stored, database }) {
  if (stored === null) return figure("Dead letters", "–", "none", ["not known yet"]);
  const { open } = stored.deadLetters;
  return figure("Dead letters", shortCount(open), open === 0 ? "good" : "warn", [
    "open",
    ...asOf(database),
  ]);
}

function figureElement({ name, value, level, note }) {
  const parts = note.map((part) => typeof part === "string" ? part : age(part.age));
  const id = name.toLowerCase().replace(" ", "-");
  const link = html(
    "a",
    { href: `#meaning-${id}`, "data-focus": `meaning ${id}`, title: `What ${name} means` },
    name,
  );
  return html(
    "div",
    { "data-level": level },
    html("dt", {}, link),
    html("dd", { class: "value" }, value),
    html("dd", { class: "note" }, ...parts),
  );
}
