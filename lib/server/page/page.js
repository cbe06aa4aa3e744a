/** Requests the status every few seconds, shows it, and reports when there is none. */

import { ask, hasToken, isSendable, Refusal, setToken } from "./access.js";
import { byId, setText, watchPointer } from "./dom.js";
import { showTiles } from "./summary_tiles.js";
import { watchConfirmation } from "./dead_letter_confirm.js";
import { showDeadLetters, watchDeadLetters } from "./dead_letters.js";
import { showMap, watchMap } from "./map.js";
import { showMeanings } from "./meanings.js";
import { showOutcomes } from "./outcomes.js";
import { showPlots, watchPlotWidth } from "./plots.js";
import { judge, noAccess, showState, stale, unshowable } from "./state.js";
import { showReplay, showStored } from "./stored_records.js";
import { showStream } from "./stream.js";
import { bytes, duration, setServerTime, tickAges } from "./text.js";

const ASK_EVERY_MS = 3_000;
/** The interval in a hidden tab, of which only title and icon are visible. */
const ASK_HIDDEN_EVERY_MS = 15_000;
/** A single lost answer is not reported. */
const FAILURES_UNTIL_STALE = 2;
const STALE_AFTER_MS = 10_000;

const course = {
  timer: null,
  asking: false,
  failures: 0,
  problem: "",
  /** By the browser's clock. */
  answeredAtMs: null,
  /** The version of the server that sent this page. */
  version: null,
};

async function askStatus() {
  if (course.asking) return;
  course.asking = true;
  clearTimeout(course.timer);
  try {
    accept(await ask("/api/status"));
  } catch (error) {
    if (error instanceof Refusal && error.status === 403) return deny();
    fail(error);
  } finally {
    course.asking = false;
  }
  course.timer = setTimeout(askStatus, document.hidden ? ASK_HIDDEN_EVERY_MS : ASK_EVERY_MS);
}

function accept(status) {
  course.failures = 0;
  course.answeredAtMs = Date.now();
  try {
    show(status);
  } catch (error) {
    // Most likely the server has another version than this page.
    showState(unshowable());
    reportError(error);
  }
}

function show(status) {
  setServerTime(status.now);
  const entered = byId("access").contains(document.activeElement);
  byId("access").hidden = true;
  byId("facts").hidden = false;
  if (entered) focusFacts();
  byId("forget").hidden = !hasToken();
  // A link can't send the token.
  byId("links").hidden = hasToken();
  showState(judge(status));
  showAbout(status);
  showTiles(status);
  showReplay(status.replay);
  showPlots(status);
  showOutcomes(status);
  showStream(status);
  showStored(status.stored, status.database);
  showDeadLetters(status);
  showMap(status.stored);
  tickAges();
}

function showAbout({ version, consumer, uptimeSeconds, residentBytes }) {
  course.version ??= version;
  const parts = [
    `version ${version}`,
    `consumer ${consumer}`,
    `up ${duration(Math.floor(uptimeSeconds)).replace(".0", "")}`,
    bytes(residentBytes),
  ];
  if (version !== course.version) parts.push("a new version runs: reload this page");
  setText(byId("about"), parts.join(" · "));
}

/** Moves the focus to the content, because the form for the token disappears. */
function focusFacts() {
  const heading = byId("facts").querySelector("h2");
  heading.tabIndex = -1;
  heading.focus();
}

/** No access: nothing is shown, and nothing is requested until another token is entered. */
function deny() {
  const wasRefused = hasToken();
  setToken(null);
  course.failures = 0;
  course.answeredAtMs = null;
  byId("facts").hidden = true;
  byId("forget").hidden = true;
  setText(byId("about"), "");
  showState(noAccess(wasRefused));
  setText(byId("access-error"), wasRefused ? "The token is wrong." : "");
  if (byId("access").hidden || wasRefused) {
    byId("access").hidden = false;
    byId("token").focus();
  }
}

function fail(error) {
  course.failures++;
  course.problem = error instanceof Refusal
    ? `the server says that ${error.message}`
    : error.name === "TimeoutError"
    ? "the server takes too long to answer"
    : "the server does not answer";
  showWhetherStale();
}

function showWhetherStale() {
  const { failures, problem, answeredAtMs } = course;
  const nowMs = Date.now();
  const old = answeredAtMs !== null && nowMs - answeredAtMs > STALE_AFTER_MS;
  if (failures >= FAILURES_UNTIL_STALE || (failures > 0 && (old || answeredAtMs === null))) {
    showState(stale(problem, answeredAtMs, nowMs));
  }
}

function tick() {
  // After a failure the ages are unknown: the state shows how old the data is.
  if (course.failures > 0) showWhetherStale();
  else tickAges();
}

function useToken(event) {
  event.preventDefault();
  const text = byId("token").value.trim();
  byId("token").value = "";
  if (!isSendable(text)) {
    setText(byId("access-error"), "A token has only visible ASCII characters.");
    return;
  }
  setToken(text);
  void askStatus();
}

function forgetToken() {
  setToken(null);
  location.reload();
}

byId("access").addEventListener("submit", useToken);
byId("forget").addEventListener("click", forgetToken);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && byId("access").hidden) void askStatus();
});
showMeanings();
watchConfirmation();
watchDeadLetters();
watchPointer();
watchMap();
watchPlotWidth();
setInterval(tick, 1_000);
void askStatus();
