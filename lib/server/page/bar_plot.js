/** Bars over the minutes of the last hour, drawn as SVG. */

import { svg } from "./dom.js";
import { timeOfDay } from "./text.js";

const MARGIN = { top: 8, right: 4, bottom: 20, left: 44 };

/**
 * A plot of one value per minute; null: the value is unknown.
 *
 * @param kind the style of a bar, by its index
 * @param limit a value that is marked with a line; null: none
 * @param read called with the index of the minute under the pointer, and with null when there is none
 */
export function barPlot(
  { buckets, values, size, label, stepFrom, tickText, kind, limit = null, read },
) {
  const isKnown = (index) => buckets[index].seen !== null;
  const { width, height } = size;
  const ticks = ticksUpTo(Math.max(...values.map((value) => value ?? 0)), stepFrom);
  const top = ticks.at(-1);
  const inner = {
    width: width - MARGIN.left - MARGIN.right,
    height: height - MARGIN.top - MARGIN.bottom,
  };
  const yOf = (value) => MARGIN.top + inner.height * (1 - value / top);
  const step = inner.width / values.length;
  const plot = svg("svg", {
    role: "img",
    "aria-label": label,
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
  });
  for (const tick of ticks) plot.append(...gridLine(tickText(tick), yOf(tick), width));
  plot.append(...timeLabels(buckets, step, height));
  const marker = svg("rect", {
    class: "marker",
    y: MARGIN.top,
    width: step,
    height: inner.height,
    visibility: "hidden",
  });
  const unknown = values.flatMap((value, index) =>
    value === null && !isKnown(index)
      ? [svg("rect", {
        class: "unknown",
        x: MARGIN.left + index * step,
        y: MARGIN.top,
        width: step,
        height: inner.height,
      })]
      : []
  );
  plot.append(...unknown, marker, ...bars({ values, step, yOf, kind }));
  if (limit !== null && limit <= top) {
    const y = yOf(limit);
    plot.append(
      svg("line", { class: "bound", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
    );
  }
  readOnHover({ plot, marker, step, count: values.length, read });
  return plot;
}

function bars({ values, step, yOf, kind }) {
  const gap = step > 6 ? 1.5 : 0.5;
  return values.flatMap((value, index) => {
    if (value === null) return [];
    const y = value === 0 ? yOf(0) : Math.min(yOf(value), yOf(0) - 1);
    return [svg("rect", {
      class: `bar ${kind(index)}`.trimEnd(),
      x: MARGIN.left + index * step + gap / 2,
      y,
      width: step - gap,
      height: yOf(0) - y,
    })];
  });
}

function gridLine(text, y, width) {
  return [
    svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
    svg("text", { class: "label end", x: MARGIN.left - 6, y: y + 4 }, text),
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

/** Tick values from 0 to at least the highest value, in equal steps. */
function ticksUpTo(highest, stepFrom) {
  const step = stepFrom(Math.max(1, highest) / 3);
  const ticks = [0];
  while (ticks.at(-1) < Math.max(1, highest)) ticks.push(ticks.at(-1) + step);
  return ticks;
}

/** The smallest of 1, 2 or 5 times a power of ten that is at least `least`. */
export function decimalStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least);
}

const MINUTE = 60;
const HOUR = 3600;
const TIME_STEPS = [1, 2, 5, 10, 20, 30, ...[1, 2, 5, 10, 20, 30].map((n) => n * MINUTE)];

/** The smallest step of a clock (seconds, minutes, hours) that is at least `least` seconds. */
export function timeStep(least) {
  return TIME_STEPS.find((step) => step >= least) ?? decimalStep(least / HOUR) * HOUR;
}

function readOnHover({ plot, marker, step, count, read }) {
  plot.addEventListener("pointermove", (event) => {
    const index = Math.floor((event.offsetX - MARGIN.left) / step);
    const isInside = index >= 0 && index < count;
    marker.setAttribute("visibility", isInside ? "visible" : "hidden");
    if (!isInside) return;
    marker.setAttribute("x", MARGIN.left + index * step);
    read(index);
  });
  plot.addEventListener("pointerleave", () => {
    marker.setAttribute("visibility", "hidden");
    read(null);
  });
}
