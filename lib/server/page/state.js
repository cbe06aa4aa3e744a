/** The state in one line, the title of the page, and the icon of the tab. */

import { byId, setText } from "./dom.js";
import { duration, timeOfDay } from "./text.js";

/** The mark of each level. */
const MARKS = { good: "✓", busy: "»", warn: "!", bad: "×", stale: "?", closed: "–", none: "…" };

/** Colours of the icon: middle tones, which are visible on light and dark tabs. */
const ICON_COLOURS = {
  good: "#2f9e62",
  busy: "#3f7fc4",
  warn: "#d29012",
  bad: "#d9412f",
  stale: "#8a8f98",
  closed: "#8a8f98",
  none: "#8a8f98",
};

/** The state that follows from the server's health and readiness. */
export function judge(status) {
  const { health, ready, standby, lagSeconds, connection, backpressure } = status;
  // The reasons of readiness include those of health.
  if (!health.ok) return explained(status, "bad", "Not working");
  if (isReplayThatMoves(status)) {
    const [{ message }] = ready.reasons;
    return verdict("busy", "Replaying the archive", message.replace(/^[^:]*: /, ""));
  }
  if (!ready.ok) return explained(status, "warn", "Not ready");
  if (standby) {
    return verdict(
      "good",
      "Standby",
      "another instance writes; this one takes over when that ends",
    );
  }
  if (backpressure.paused) {
    return verdict("warn", "Paused", "reading waits until the queue is shorter; nothing is lost");
  }
  const link = connection.connected ? "connected" : "connecting";
  return verdict("good", "All is well", `${link}, ${lagWords(lagSeconds)}`);
}

function lagWords(seconds) {
  // This text rarely changes: a screen reader reads each change.
  return seconds < 10 ? "up to date" : "less than a minute behind";
}

/** Whether the only reason is a replay that makes progress. */
function isReplayThatMoves({ ready: { reasons }, replay }) {
  return replay !== null && replay.failuresInARow === 0 && replay.stalledSeconds === 0 &&
    reasons.every(({ code }) => code === "replaying");
}

/** A state with the details of its reasons. */
function explained(status, level, title) {
  const reasons = status.ready.reasons.map(({ message }) => message).join("; ");
  return { ...verdict(level, title, reasons), note: causes(status).join(" ") };
}

function causes({ database: { blocked, refusal, failure }, connection, replay }) {
  const said = [];
  if (blocked !== null) {
    said.push(`Waits for ${blocked.what}${since(blocked)}, held by ${holdersOf(blocked)}.`);
  }
  if (refusal !== null && blocked === null) {
    said.push(`The database rejects writes with ${refusal.code}${since(refusal)}.`);
  }
  if (failure !== null) {
    const code = failure.code === null ? "" : ` (${failure.code})`;
    said.push(`No answer from the database${code}${since(failure)}.`);
  }
  if (connection.failuresInARow > 0 && connection.lastFailure !== null) {
    const { source, why } = connection.lastFailure;
    said.push(`${source}: ${why}.`);
  }
  if (replay !== null && replay.failure !== null) said.push(`${replay.source}: ${replay.failure}.`);
  return said;
}

/** A time of day and not an age, because a screen reader reads each change. */
function since({ since: time }) {
  return time === null ? "" : ` since ${timeOfDay(Date.parse(time))}`;
}

/** "process 4711 of postgres (psql, idle in transaction)" */
export function holdersOf({ holders }) {
  return holders.map(({ pid, user, application, state, waits }) => {
    if (pid === 0) return "a prepared transaction";
    const about = [application, waits ? "waits itself" : state].filter((text) => text);
    const details = about.length === 0 ? "" : ` (${about.join(", ")})`;
    return `process ${pid} of ${user ?? "an unknown role"}${details}`;
  }).join("; ");
}

export function stale(problem, answeredAtMs, nowMs) {
  if (answeredAtMs === null) return verdict("stale", "No answer", problem);
  const seconds = Math.round((nowMs - answeredAtMs) / 1000);
  return {
    ...verdict("stale", "Stale", `${problem}; everything below is from ${timeOfDay(answeredAtMs)}`),
    note: `The last answer came ${duration(seconds).replace(".0", "")} ago.`,
  };
}

export function noAccess(wasRefused) {
  const why = wasRefused ? "the token was rejected" : "a token is required";
  return verdict("closed", "No access", why);
}

export function unshowable() {
  return verdict("bad", "Page fault", "this page can't show the answer; reload it");
}

function verdict(level, title, detail) {
  return { level, title, detail, note: "" };
}

export function showState({ level, title, detail, note }) {
  const section = byId("state");
  section.dataset.level = level;
  document.body.dataset.level = level;
  setText(section.querySelector(".mark"), MARKS[level]);
  setText(byId("state-text"), `${title}: ${detail}`);
  setText(byId("state-note"), note);
  if (document.title !== `${title} · Jetstream Indexer`) {
    document.title = `${title} · Jetstream Indexer`;
    byId("icon").href = iconOf(level);
  }
}

function iconOf(level) {
  const shape = level === "good"
    ? '<circle cx="8" cy="8" r="6"/>'
    : level === "warn"
    ? '<path d="M8 1.5 15 14H1z"/>'
    : '<path d="M2 2h12v12H2z"/>';
  const image =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="${ICON_COLOURS[level]}">` +
    `${shape}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(image)}`;
}
