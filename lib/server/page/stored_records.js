/** The stored data: collections, waiting records, recent records. Also the progress of an archive replay. */

import { button, byId, foreign, html, row, setText, showWhenChanged, table } from "./dom.js";
import { age, count, counted, duration, rate, serverNow } from "./text.js";

/** The states in the order of the columns, with the level of a count above zero. */
const STATES = [
  ["applied", null],
  ["waiting", "warn"],
  ["rejected", "bad"],
  ["suppressed", null],
  ["unmapped", null],
  ["deleted", null],
];

const RECENT_AT_FIRST = 10;

let showsAllRecent = false;

export function showStored(stored, database) {
  const note = () => database.stale ? [staleNote(database)] : [];
  if (stored === null) return showUnknown();
  const { collections, countedAt, waiting, recent } = stored;
  showWhenChanged(
    byId("collections"),
    [collections, countedAt, database.stale && database],
    () => [...note(), ...collectionParts(collections, countedAt)],
  );
  showWhenChanged(
    byId("waiting"),
    [waiting, database.stale && database],
    () => [...note(), ...waitingParts(waiting)],
  );
  showWhenChanged(
    byId("recent"),
    [recent, showsAllRecent, database.stale && database],
    () => [...note(), recentTable(recent)],
  );
  showRecentControls(stored, database);
}

function showUnknown() {
  for (const id of ["collections", "waiting", "recent"]) {
    showWhenChanged(byId(id), null, () => [emptyNote("The database has not answered yet.")]);
  }
  showWhenChanged(byId("recent-controls"), null, () => []);
}

/** A text in place of an empty table. */
export function emptyNote(text) {
  return html("p", { class: "empty" }, text);
}

function staleNote({ asOf }) {
  return html(
    "p",
    { class: "warn" },
    "The database does not answer; this is from ",
    age(asOf),
    ".",
  );
}

function collectionParts(collections, countedAt) {
  if (countedAt === null) return [emptyNote("The records are being counted.")];
  if (collections.length === 0) return [emptyNote("No record yet.")];
  const when = html(
    "p",
    { class: "empty" },
    "Counted ",
    age(countedAt),
    "; waiting records: now.",
  );
  return [collectionTable(collections), when];
}

function collectionTable(collections) {
  const headings = ["Collection", ...STATES.map(([state]) => state), "all"];
  const rows = collections.map(({ collection, states }) => {
    const counts = STATES.map(([state]) => states[state] ?? 0);
    return row(headings, [foreign(collection), ...countCells(counts)]);
  });
  const sums = STATES.map(([state]) =>
    collections.reduce((sum, { states }) => sum + (states[state] ?? 0), 0)
  );
  if (rows.length > 1) rows.push(row(headings, ["all", ...countCells(sums)], { className: "sum" }));
  return table(
    { caption: "Records by state", headings, className: "numbers cards collections" },
    rows,
  );
}

function countCells(counts) {
  const all = counts.reduce((sum, value) => sum + value, 0);
  const cells = counts.map((value, index) => {
    const level = value === 0 ? "zero" : STATES[index][1];
    return html("span", { class: level }, count(value));
  });
  return [...cells, count(all)];
}

function waitingParts({ total, reasons }) {
  if (total === 0) return [emptyNote("No record waits for another.")];
  const headings = ["Reason", "Records"];
  const rows = reasons.map((entry) =>
    row(headings, [reasonCode(entry.reason), count(entry.count)])
  );
  return [
    html(
      "p",
      {},
      `${counted(total, "record")}, which become visible when their parents arrive.`,
    ),
    table({ caption: "What they wait for", headings, className: "numbers narrow" }, rows),
  ];
}

export function reasonCode(reason) {
  return html("code", {}, foreign(reason));
}

/** The address of a record: collection and key, and below them the repository. */
export function address({ did, collection, rkey }) {
  const path = [collection, rkey].filter((part) => part !== null).join("/");
  if (path === "" && did === null) return html("span", { class: "empty" }, "no address");
  return html(
    "span",
    { class: "address" },
    path === "" ? "" : foreign(path),
    did === null ? "" : foreign(did, { class: "repository" }),
  );
}

function recentTable(recent) {
  if (recent.length === 0) return emptyNote("No record yet.");
  const headings = ["Record", "State", "When"];
  const shown = showsAllRecent ? recent : recent.slice(0, RECENT_AT_FIRST);
  const rows = shown.map(({ did, collection, rkey, state, reason, at }) => {
    const level = STATES.find(([name]) => name === state)?.[1] ?? null;
    const why = reason === null ? [] : [" ", reasonCode(reason)];
    return row(headings, [
      address({ did, collection, rkey }),
      [html("span", { class: level }, foreign(state)), ...why],
      age(at),
    ]);
  });
  const caption = "The newest first: addresses and states, no contents";
  return table({ caption, headings, className: "cards addresses" }, rows);
}

function showRecentControls(stored, database) {
  const hidden = stored.recent.length - RECENT_AT_FIRST;
  showWhenChanged(byId("recent-controls"), [stored.recent, showsAllRecent, database.stale], () => {
    if (hidden <= 0) return [];
    const label = showsAllRecent ? "Show fewer" : `Show ${hidden} more`;
    return [button(label, { focus: "recent" }, () => {
      showsAllRecent = !showsAllRecent;
      showStored(stored, database);
    })];
  });
}

export function showReplay(replay) {
  byId("replay").hidden = replay === null;
  if (replay === null) return;
  const { source, progress, failure } = replay;
  const bar = byId("replay-bar");
  if (progress === null) bar.removeAttribute("value");
  else {
    bar.max = Math.max(1, progress.total);
    bar.value = progress.total === 0 ? 1 : progress.done;
  }
  setText(
    byId("replay-text"),
    progress === null ? "The replay has just begun." : progressText(replay),
  );
  const problem = failure ??
    (replay.stalledSeconds > 0 ? `nothing arrived for ${duration(replay.stalledSeconds)}` : "");
  setText(byId("replay-problem"), problem === "" ? "" : `${source}: ${problem}`);
}

function progressText({ progress, failuresInARow, stalledSeconds }) {
  const { done, total, perSecond, segmentsDone, segmentsTotal, events, startedAt, leftSeconds } =
    progress;
  const seconds = Math.max(1, (serverNow() - Date.parse(startedAt)) / 1000);
  const moves = failuresInARow === 0 && stalledSeconds === 0;
  return [
    `${total === 0 ? 100 : Math.floor(100 * done / total)} %`,
    `${count(segmentsDone)} of ${counted(segmentsTotal, "planned segment")}`,
    counted(events, "event"),
    ...(moves ? [`${rate(perSecond)} sequence numbers/s`] : []),
    `running for ${duration(Math.round(seconds))}`.replace(".0 s", " s"),
    ...(moves && leftSeconds !== null ? [`about ${duration(leftSeconds)} left`] : []),
  ].join(" · ");
}
