/** The outcomes of events: a row for each outcome, with a plot of the last hour. */

import { byId, html, row, showWhenChanged, svg, table } from "./dom.js";
import { count, rate, shortCount } from "./text.js";

/** The outcomes in the order in which they are shown, with their meaning. */
export const OUTCOMES = [
  ["applied", "applied", "changed the stored data"],
  ["duplicate", "duplicate", "seen before"],
  ["stale", "stale", "older than the stored revision"],
  ["waiting", "waiting", "stored until its parent arrives"],
  ["dead_letter", "dead letter", "rejected and stored with the reason"],
  ["ignored", "ignored", "not ours"],
];

const SPARK = { width: 180, height: 32 };

export function showOutcomes({ history: { buckets }, rates, totals }) {
  showWhenChanged(
    byId("outcomes"),
    [buckets, rates, totals],
    () => [outcomeTable(buckets, rates, totals)],
  );
}

/** The mark of a minute without observations: the process did not run. */
export function unknownMinute(x, width, height, y = 0) {
  return svg("rect", { class: "unknown", x, y, width, height });
}

export function sumOf(buckets, outcome) {
  return buckets.reduce((sum, { counts }) => sum + counts[outcome], 0);
}

function outcomeTable(buckets, rates, totals) {
  const headings = ["Outcome", "Last hour, by minute", "Last hour", "Now, /s", "Since start"];
  const rows = OUTCOMES.map(([outcome, name, meaning]) => {
    const values = buckets.map(({ counts, seen }) => seen === null ? null : counts[outcome]);
    return row(headings, [
      [html("span", { class: "name" }, name), html("span", { class: "meaning" }, meaning)],
      sparkline(values),
      count(sumOf(buckets, outcome)),
      rate(rates[outcome]),
      shortCount(totals[outcome]),
    ], { className: outcome === "dead_letter" ? "bad-bars" : null });
  });
  const caption = "Outcomes of events; each plot has its own scale";
  return table({ caption, headings, className: "numbers cards outcomes" }, rows);
}

function sparkline(values) {
  const highest = Math.max(1, ...values.map((value) => value ?? 0));
  const step = SPARK.width / values.length;
  const sum = values.reduce((total, value) => total + (value ?? 0), 0);
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
      if (value === null) return [unknownMinute(index * step, step, SPARK.height)];
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
