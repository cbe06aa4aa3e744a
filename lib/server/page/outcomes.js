/** What became of the events: a row for each outcome, with its course over the last hour. */

import { byId, html, row, showWhenChanged, svg, table } from "./dom.js";
import { count, rate, shortCount } from "./text.js";

/** In the order in which they are told, with what they mean. */
export const OUTCOMES = [
  ["applied", "applied", "changed what is kept"],
  ["duplicate", "duplicate", "seen before"],
  ["stale", "stale", "older than what is kept"],
  ["waiting", "waiting", "kept until the record it needs comes"],
  ["dead_letter", "dead letter", "refused, and kept aside"],
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

/** A minute of which nothing is known: the process did not run, or nobody looked. */
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
  const caption = "What became of the events; each plot has a scale of its own";
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
