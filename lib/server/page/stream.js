/** The source of the events, the stored position, and the queue. */

import { byId, foreign, html, showWhenChanged, svg } from "./dom.js";
import { age, bytes, count, counted, duration } from "./text.js";

export function showStream({ connection, cursor, stored, backpressure, replay, reconcile }) {
  showWhenChanged(
    byId("queue"),
    [backpressure, connection.connected, replay !== null],
    () => queueParts(backpressure, connection, replay),
  );
  const saved = stored?.cursor ?? null;
  showWhenChanged(
    byId("stream"),
    [connection, cursor?.cursor, cursor?.time, saved, replay?.source, comparedText(reconcile)],
    () => facts({ connection, cursor, saved, replay, reconcile }),
  );
}

function facts({ connection, cursor, saved, replay, reconcile }) {
  const { protocol, since, lastReceivedAt, failuresInARow, wantedCollections } = connection;
  const { lastEnding, lastFailure } = connection;
  // While no server can be reached: the one that was tried last.
  const source = failuresInARow > 0 && lastFailure !== null
    ? lastFailure.source
    : connection.source;
  const failed = failuresInARow === 0 || lastFailure === null ? [] : [
    ["Cannot connect", [
      foreign(lastFailure.why),
      ", next attempt ",
      age(lastFailure.nextAttemptAt),
    ]],
  ];
  return [
    ["Source", source === null ? "none yet" : foreign(source), "wide"],
    ...(replay === null ? [] : [["Archive", foreign(replay.source), "wide"]]),
    ...failed,
    ["Protocol", protocol ?? "–"],
    ["Connected", since === null ? "no" : age(since)],
    ["Last message", lastReceivedAt === null ? "none yet" : age(lastReceivedAt)],
    ["Failed in a row", count(failuresInARow)],
    ["Last failure", lastFailure === null ? "none" : foreign(lastFailure.why), "wide"],
    ["Last connection ended", lastEnding === null ? "–" : foreign(endingText(lastEnding)), "wide"],
    ["Wanted", foreign(wantedCollections.join(", "))],
    ["Committed cursor", cursor === null ? "none yet" : html("code", {}, String(cursor.cursor))],
    ["Its event", cursor?.time ? age(cursor.time) : "–"],
    ["Saved", saved === null ? "never" : age(saved.savedAt)],
    ["Issued by", saved?.source ? foreign(saved.source) : "–", saved?.source ? "wide" : null],
    ["Compared with their source", comparedText(reconcile), "wide"],
  ].map(([name, value, kind = null]) =>
    html(
      "div",
      { class: kind },
      html("dt", {}, name),
      html("dd", {}, ...(Array.isArray(value) ? value : [value])),
    )
  );
}

/** Compared repositories since the start, the differences, and the queue. */
function comparedText({ compared, put, deleted, queued, failing }) {
  return [
    counted(compared, "repository", "repositories"),
    put + deleted === 0 ? "nothing differed" : `${count(put)} put, ${count(deleted)} deleted`,
    ...(queued > 0 ? [`${count(queued)} to do`] : []),
    ...(failing > 0 ? [`${count(failing)} failing`] : []),
  ].join(", ");
}

/** The ending in the server's words: `closed 1013: try again later`. */
function endingText({ kind, code, reason }) {
  return kind + (code === null ? "" : ` ${code}`) + (reason === "" ? "" : `: ${reason}`);
}

function queueParts(backpressure, { connected }, replay) {
  const { queued, queuedBytes, pauseAt, resumeAt, max, maxBytes, paused, pausedSeconds } =
    backpressure;
  const state = paused
    ? `Reading is paused for ${duration(pausedSeconds)}; it resumes below ${count(resumeAt)}.`
    : replay !== null
    ? `Reading the archive. Reading pauses at ${count(pauseAt)} and resumes below ${
      count(resumeAt)
    }.`
    : !connected
    ? "Not reading: there is no connection."
    : `Reading. It pauses at ${count(pauseAt)} and resumes below ${count(resumeAt)}.`;
  return [
    html("p", { class: paused ? "warn" : null }, state),
    gauge(`${counted(queued, "message")} of ${count(max)}`, queued / max, [
      resumeAt / max,
      pauseAt / max,
    ], paused),
    gauge(`${bytes(queuedBytes)} of ${bytes(maxBytes)}`, queuedBytes / maxBytes, [], paused),
  ];
}

/** A bar that is filled to `part`, with marks. */
function gauge(text, part, marks, isPaused) {
  const full = Math.min(1, Math.max(0, part)) * 100;
  return html(
    "div",
    { class: "gauge" },
    html("span", {}, text),
    svg(
      "svg",
      { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: 100, height: 8 }),
      svg("rect", { class: isPaused ? "fill paused" : "fill", width: full, height: 8 }),
      ...marks.map((at) =>
        svg("line", { class: "limit", x1: at * 100, x2: at * 100, y1: 0, y2: 8 })
      ),
    ),
  );
}
