/** Numbers, durations and times in a readable form. */

import { html } from "./dom.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const moment = new Intl.DateTimeFormat("en", {
  dateStyle: "medium",
  timeStyle: "long",
  hourCycle: "h23",
});

export function count(value) {
  return whole.format(value);
}

/** A count in a short form, for narrow places. */
export function shortCount(value) {
  return value < 100_000 ? whole.format(value) : compact.format(value);
}

/** "1 record", "2 records". */
export function counted(value, singular, plural = `${singular}s`) {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** A rate, in three digits. */
export function rate(perSecond) {
  if (perSecond === 0) return "0";
  if (perSecond >= 100) return shortCount(perSecond);
  return perSecond.toFixed(perSecond >= 10 ? 0 : perSecond >= 1 ? 1 : 2);
}

export function duration(seconds) {
  if (seconds < 0.05) return "0 s";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  const hours = seconds / 3600;
  if (hours < 48) return `${Math.floor(hours)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(hours / 24)} d ${Math.floor(hours) % 24} h`;
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let amount = value;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${unit === 0 || amount >= 10 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`;
}

/** The time of day, in the reader's zone. */
export function timeOfDay(ms) {
  return clock.format(ms);
}

/** How far the server's clock is ahead of the browser's. Ages are computed by the server's clock. */
let clockOffsetMs = 0;

export function setServerTime(iso) {
  clockOffsetMs = Date.parse(iso) - Date.now();
}

export function serverNow() {
  return Date.now() + clockOffsetMs;
}

/** "12 s ago", kept up to date by `tickAges`; the exact time on hovering. */
export function age(iso) {
  const ms = Date.parse(iso);
  return html("time", { datetime: iso, title: moment.format(ms), "data-age": ms }, ageText(ms));
}

export function tickAges() {
  for (const element of document.querySelectorAll("time[data-age]")) {
    const text = ageText(Number(element.dataset.age));
    if (element.textContent !== text) element.textContent = text;
  }
}

function ageText(ms) {
  const seconds = (serverNow() - ms) / 1000;
  if (seconds < -1) return `in ${duration(-seconds)}`;
  return seconds < 1 ? "now" : `${duration(Math.floor(seconds)).replace(/\.0 /, " ")} ago`;
}
