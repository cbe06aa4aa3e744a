/** Plots of the last hour by minute: committed events, and lag. A table shows the same figures. */

import { barPlot, decimalStep, timeStep } from "./bar_plot.js";
import { byId, row, setText, showWhenChanged, table } from "./dom.js";
import { OUTCOMES, sumOf } from "./outcomes.js";
import { count, counted, duration, shortCount, timeOfDay } from "./text.js";

/** Lag in seconds above which the indexer is not ready. */
const LAG_BOUND = 60;

const PLOTS = {
  rate: { least: 150, most: 200, share: 0.36, draw: ratePlot, summary: rateSummary },
  lag: { least: 90, most: 104, share: 0.2, draw: lagPlot, summary: lagSummary },
};

/** The shown history, to draw it again when the width changes. */
let drawn = null;

export function showPlots({ history }) {
  drawn = history.buckets;
  drawAll();
  showWhenChanged(byId("rate-table"), drawn, () => [figures(drawn)]);
}

/** Draws again when a plot gets another width. */
export function watchPlotWidth() {
  const observer = new ResizeObserver(() => drawn !== null && drawAll());
  for (const name of Object.keys(PLOTS)) observer.observe(byId(`${name}-plot`));
}

function drawAll() {
  for (const [name, { least, most, share, draw, summary }] of Object.entries(PLOTS)) {
    const place = byId(`${name}-plot`);
    const width = Math.max(240, place.clientWidth);
    const height = Math.round(Math.min(most, Math.max(least, width * share)));
    showWhenChanged(place, [drawn, width], () => [draw(drawn, { width, height })]);
    // While the pointer is on a minute, its figures stay.
    if (!place.matches(":hover")) setText(byId(`${name}-summary`), summary(drawn));
  }
}

/** Shows below a plot the figures of the minute under the pointer, otherwise those of the hour. */
function reader(name, buckets, textOf) {
  const { summary } = PLOTS[name];
  return (index) =>
    setText(byId(`${name}-summary`), index === null ? summary(buckets) : textOf(buckets[index]));
}

function totalOf({ counts }) {
  return OUTCOMES.reduce((sum, [outcome]) => sum + counts[outcome], 0);
}

function ratePlot(buckets, size) {
  return barPlot({
    buckets,
    values: buckets.map((bucket) => bucket.seen === null ? null : totalOf(bucket)),
    size,
    label: `Committed events a minute over the last hour. ${rateSummary(buckets)}`,
    stepFrom: decimalStep,
    tickText: shortCount,
    // The last minute is not over.
    kind: (index) => index === buckets.length - 1 ? "partial" : "",
    read: reader("rate", buckets, minuteText),
  });
}

function minuteText(bucket) {
  if (bucket.seen === null) return `${timeOfDay(bucket.startMs)}: unknown, the process did not run`;
  const parts = OUTCOMES.filter(([outcome]) => bucket.counts[outcome] > 0)
    .map(([outcome, name]) => `${count(bucket.counts[outcome])} ${name}`);
  const all = counted(totalOf(bucket), "event");
  return `${timeOfDay(bucket.startMs)}: ${all}${
    parts.length === 0 ? "" : ` (${parts.join(", ")})`
  }`;
}

function rateSummary(buckets) {
  const values = buckets.map(totalOf);
  const sum = values.reduce((total, value) => total + value, 0);
  const unknown = unknownText(buckets);
  if (sum === 0) return `No event in the last hour.${unknown}`;
  const highest = values.indexOf(Math.max(...values));
  return `${counted(sum, "event")} in the last hour, at most ${
    count(values[highest])
  } a minute, at ${timeOfDay(buckets[highest].startMs)}.${unknown}`;
}

/** A sentence about the minutes in which the process did not run. */
function unknownText(buckets) {
  const unknown = buckets.filter(({ seen }) => seen === null).length;
  return unknown === 0 ? "" : ` Unknown: ${counted(unknown, "minute")} (grey).`;
}

function lagPlot(buckets, size) {
  return barPlot({
    buckets,
    values: buckets.map(({ seen }) => seen === null || seen.replaying ? null : seen.lagSeconds),
    size,
    label: `Longest lag in each minute of the last hour. ${lagSummary(buckets)}`,
    stepFrom: timeStep,
    tickText: (seconds) => duration(seconds).replace(".0 ", " "),
    kind: (index) => isGood(buckets[index].seen) ? "" : "late",
    limit: LAG_BOUND,
    read: reader("lag", buckets, lagText),
  });
}

function isGood({ lagSeconds, connected }) {
  return connected && lagSeconds <= LAG_BOUND;
}

function lagText({ startMs, seen }) {
  const what = seen === null
    ? "unknown, the process did not run"
    : seen.replaying
    ? "the archive was replayed"
    : `lag up to ${duration(seen.lagSeconds)}${seen.connected ? "" : ", not always connected"}`;
  return `${timeOfDay(startMs)}: ${what}`;
}

function lagSummary(buckets) {
  const seen = buckets.filter(({ seen }) => seen !== null);
  const known = seen.filter(({ seen }) => !seen.replaying);
  if (seen.length === 0) return "The last hour is unknown.";
  if (known.length === 0) return "The archive was replayed, which does not count as lag.";
  const worst = known.reduce((one, other) =>
    other.seen.lagSeconds > one.seen.lagSeconds ? other : one
  );
  const cut = known.filter(({ seen }) => !seen.connected).length;
  const link = cut === 0 ? "always connected" : `not always connected in ${counted(cut, "minute")}`;
  const at = worst.seen.lagSeconds < 1 ? "" : `, at ${timeOfDay(worst.startMs)}`;
  return `At most ${duration(worst.seen.lagSeconds)}${at}; ${link}.`;
}

const ROW_MINUTES = 5;

function figures(buckets) {
  const headings = ["From", ...OUTCOMES.map(([, name]) => name), "longest lag"];
  const rows = [];
  for (let start = 0; start < buckets.length; start += ROW_MINUTES) {
    const part = buckets.slice(start, start + ROW_MINUTES);
    const isKnown = part.some(({ seen }) => seen !== null);
    const cells = OUTCOMES.map(([outcome]) => isKnown ? count(sumOf(part, outcome)) : "–");
    const lags = part.flatMap(({ seen }) =>
      seen === null || seen.replaying ? [] : [seen.lagSeconds]
    );
    const lag = lags.length === 0 ? "–" : duration(Math.max(...lags));
    rows.push(row(headings, [timeOfDay(part[0].startMs), ...cells, lag]));
  }
  const caption = `Committed events by outcome, ${ROW_MINUTES} minutes a row, oldest first`;
  return table({ caption, headings, className: "numbers cards" }, rows);
}
