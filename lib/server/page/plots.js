/** Rates and outcomes over the last hour: bars, drawn as SVG, each with its figures as a table. */

import { byId, html, row, setText, showWhenChanged, svg, table } from "./dom.js";
import { count, counted, rate, shortCount, timeOfDay } from "./text.js";

/** In the order in which they are told, with what they mean. */
const OUTCOMES = [
  ["applied", "applied", "changed what is kept"],
  ["duplicate", "duplicate", "seen before"],
  ["stale", "stale", "older than what is kept"],
  ["waiting", "waiting", "kept until the record it needs comes"],
  ["dead_letter", "dead letter", "refused, and kept aside"],
  ["ignored", "ignored", "not ours"],
];

const HEIGHT = { least: 160, most: 270 };
const MARGIN = { top: 8, right: 4, bottom: 20, left: 44 };
const SPARK = { width: 180, height: 24 };

/** The history that is on display, for a new drawing when the width changes. */
let drawn = null;

export function showPlots({ history, rates, totals }) {
  drawn = history.buckets;
  showWhenChanged(byId("rate-plot"), [history, plotWidth()], () => [ratePlot(history.buckets)]);
  // While a minute is pointed at, its figures stay.
  if (!byId("rate-plot").matches(":hover")) {
    setText(byId("rate-summary"), rateSummary(history.buckets));
  }
  showWhenChanged(byId("rate-table"), history, () => [figures(history.buckets)]);
  showWhenChanged(
    byId("outcomes"),
    [history, rates, totals],
    () => [outcomeTable(history.buckets, rates, totals)],
  );
}

/** Draws again when the plot gets another width. */
export function watchPlotWidth() {
  new ResizeObserver(() => {
    if (drawn === null) return;
    const plot = byId("rate-plot");
    showWhenChanged(plot, [drawn, plotWidth()], () => [ratePlot(drawn)]);
  }).observe(byId("rate-plot"));
}

function plotWidth() {
  return Math.max(240, byId("rate-plot").clientWidth);
}

function plotHeight(width) {
  return Math.round(Math.min(HEIGHT.most, Math.max(HEIGHT.least, width * 0.46)));
}

function totalOf({ counts }) {
  return OUTCOMES.reduce((sum, [outcome]) => sum + counts[outcome], 0);
}

function sumOf(buckets, outcome) {
  return buckets.reduce((sum, { counts }) => sum + counts[outcome], 0);
}

function ratePlot(buckets) {
  const width = plotWidth();
  const height = plotHeight(width);
  const values = buckets.map(totalOf);
  const ticks = niceTicks(Math.max(...values));
  const top = ticks.at(-1);
  const inner = {
    width: width - MARGIN.left - MARGIN.right,
    height: height - MARGIN.top - MARGIN.bottom,
  };
  const yOf = (value) => MARGIN.top + inner.height * (1 - value / top);
  const step = inner.width / values.length;
  const plot = svg("svg", {
    role: "img",
    "aria-label": `Committed events a minute over the last hour. ${rateSummary(buckets)}`,
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
  });
  for (const tick of ticks) plot.append(...gridLine(tick, yOf(tick), width));
  plot.append(...timeLabels(buckets, step, height));
  const marker = svg("rect", {
    class: "marker",
    y: MARGIN.top,
    width: step,
    height: inner.height,
    visibility: "hidden",
  });
  plot.append(marker, ...bars(values, step, yOf));
  readOnHover(plot, marker, buckets, step);
  return plot;
}

function bars(values, step, yOf) {
  const gap = step > 6 ? 1.5 : 0.5;
  return values.map((value, index) => {
    const y = value === 0 ? yOf(0) : Math.min(yOf(value), yOf(0) - 1);
    return svg("rect", {
      // The last minute is not over.
      class: index === values.length - 1 ? "bar partial" : "bar",
      x: MARGIN.left + index * step + gap / 2,
      y,
      width: step - gap,
      height: yOf(0) - y,
    });
  });
}

function gridLine(value, y, width) {
  return [
    svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
    svg("text", { class: "label end", x: MARGIN.left - 6, y: y + 4 }, shortCount(value)),
  ];
}

function timeLabels(buckets, step, height) {
  const everyMinutes = step * 10 > 44 ? 10 : 20;
  return buckets.flatMap(({ startMs }, index) => {
    const isTick = (startMs / 60_000) % everyMinutes === 0;
    const x = MARGIN.left + index * step;
    const fits = index * step > 14 && (buckets.length - index) * step > 20;
    if (!isTick || !fits) return [];
    return [svg("text", { class: "label middle", x, y: height - 4 }, timeOfDay(startMs))];
  });
}

/** Upward from 0 to at least the highest value, in steps of 1, 2 or 5 times a power of ten. */
function niceTicks(highest) {
  const rough = Math.max(1, highest / 3);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const ticks = [0];
  while (ticks.at(-1) < Math.max(1, highest)) ticks.push(ticks.at(-1) + step);
  return ticks;
}

function readOnHover(plot, marker, buckets, step) {
  plot.addEventListener("pointermove", (event) => {
    const index = Math.floor((event.offsetX - MARGIN.left) / step);
    const bucket = buckets[index];
    marker.setAttribute("visibility", bucket === undefined ? "hidden" : "visible");
    if (bucket === undefined) return;
    marker.setAttribute("x", MARGIN.left + index * step);
    setText(byId("rate-summary"), minuteText(bucket));
  });
  plot.addEventListener("pointerleave", () => {
    marker.setAttribute("visibility", "hidden");
    setText(byId("rate-summary"), rateSummary(buckets));
  });
}

function minuteText(bucket) {
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
  if (sum === 0) return "No event in the last hour.";
  const highest = values.indexOf(Math.max(...values));
  return `${counted(sum, "event")} in the last hour, at most ${
    count(values[highest])
  } a minute, at ${timeOfDay(buckets[highest].startMs)}.`;
}

const ROW_MINUTES = 5;

function figures(buckets) {
  const headings = ["From", ...OUTCOMES.map(([, name]) => name)];
  const rows = [];
  for (let start = 0; start < buckets.length; start += ROW_MINUTES) {
    const part = buckets.slice(start, start + ROW_MINUTES);
    const cells = OUTCOMES.map(([outcome]) => count(sumOf(part, outcome)));
    rows.push(row(headings, [timeOfDay(part[0].startMs), ...cells]));
  }
  const caption = `Committed events by outcome, ${ROW_MINUTES} minutes a row, oldest first`;
  return table({ caption, headings, className: "numbers cards" }, rows);
}

function outcomeTable(buckets, rates, totals) {
  const headings = ["Outcome", "Last hour, by minute", "Last hour", "Now, /s", "Since start"];
  const rows = OUTCOMES.map(([outcome, name, meaning]) => {
    const values = buckets.map(({ counts }) => counts[outcome]);
    return row(headings, [
      [html("span", { class: "name" }, name), html("span", { class: "meaning" }, meaning)],
      sparkline(values),
      count(sumOf(buckets, outcome)),
      rate(rates[outcome]),
      shortCount(totals[outcome]),
    ], { className: outcome === "dead_letter" ? "bad-bars" : null });
  });
  const caption = "What became of the events; each plot has a scale of its own";
  return table({ caption, headings, className: "numbers cards outcomes" }, rows);
}

function sparkline(values) {
  const highest = Math.max(1, ...values);
  const step = SPARK.width / values.length;
  const sum = values.reduce((total, value) => total + value, 0);
  const label = sum === 0 ? "none" : `at most ${count(highest)} a minute`;
  return svg(
    "svg",
    {
      role: "img",
      "aria-label": label,
      class: "spark",
      viewBox: `0 0 ${SPARK.width} ${SPARK.height}`,
      preserveAspectRatio: "none",
    },
    svg("line", { class: "grid", x1: 0, x2: SPARK.width, y1: SPARK.height, y2: SPARK.height }),
    ...values.flatMap((value, index) => {
      if (value === 0) return [];
      const height = Math.max(1.5, value / highest * (SPARK.height - 1));
      return [svg("rect", {
        class: index === values.length - 1 ? "bar partial" : "bar",
        x: index * step,
        y: SPARK.height - height,
        width: step - 0.6,
        height,
      })];
    }),
  );
}
