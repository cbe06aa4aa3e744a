/** Dead letters: how many for which reason, and with the API on, each of them with what to do. */

import { ask } from "./access.js";
import {
  button,
  byId,
  focusControl,
  foreign,
  html,
  row,
  setText,
  showWhenChanged,
  table,
} from "./dom.js";
import { contentButton, contentOf, openContents } from "./letter_content.js";
import { address, emptyNote, reasonCode } from "./stored.js";
import { age, count, counted } from "./text.js";

const PAGE_SIZE = 20;

/** As long as the server takes for one answer, and a little. */
const ACTION_TIMEOUT_MS = 12_000;

const listing = {
  admin: false,
  reasons: [],
  /** What the status said when the list was asked for; a new list when it says something else. */
  listedFor: null,
  letters: [],
  next: null,
  reason: null,
  busy: false,
};

export function showLetters({ admin, stored }) {
  listing.admin = admin;
  if (stored === null) {
    showWhenChanged(byId("letters-reasons"), null, () => [
      emptyNote("The database has not answered yet."),
    ]);
    return;
  }
  listing.reasons = stored.deadLetters.reasons;
  showReasons(stored.deadLetters.open);
  if (!admin) return;
  const key = JSON.stringify(stored.deadLetters);
  if (key === listing.listedFor || listing.busy) return;
  listing.listedFor = key;
  void load();
}

function showReasons(open) {
  const { admin, reasons, reason } = listing;
  showWhenChanged(byId("letters-reasons"), [open, reasons, admin, reason], () => {
    if (open === 0) return [emptyNote("None is open.")];
    const headings = ["Reason", "Open", ...(admin ? ["Actions"] : [])];
    const rows = reasons.map((entry) =>
      row(headings, [
        reasonCode(entry.reason),
        count(entry.count),
        ...(admin ? [html("div", { class: "actions" }, ...reasonActions(entry))] : []),
      ])
    );
    const parts = [
      table(
        { caption: "Open by reason", headings, className: "numbers narrow cards reasons" },
        rows,
      ),
    ];
    if (!admin) {
      const how = "To retry and discard here, start the indexer with INTERNAL_AUTH_TOKEN; the " +
        "command line can do it at any time: jetstream-indexer dead-letters.";
      parts.push(html("p", { class: "empty" }, how));
    }
    return parts;
  }, byId("letters-heading"));
}

function reasonActions({ reason, count: amount }) {
  const chosen = listing.reason === reason;
  return [
    button(chosen ? "Show all" : "Show", {
      name: chosen ? "Show all dead letters" : `Show dead letters with the reason ${reason}`,
      focus: `show ${reason}`,
    }, () => choose(chosen ? null : reason)),
    button("Retry these", {
      name: `Retry these ${counted(amount, "dead letter")} with the reason ${reason}`,
      focus: `retry ${reason}`,
    }, () => act("Retrying", () => retryReason(reason))),
  ];
}

function choose(reason) {
  listing.reason = reason;
  showReasons(listing.reasons.reduce((sum, entry) => sum + entry.count, 0));
  void load();
}

/** The first page, or with `more` the one after what is shown. */
async function load({ more = false } = {}) {
  const { reason } = listing;
  const query = new URLSearchParams({ state: "open", limit: String(PAGE_SIZE) });
  if (reason !== null) query.set("reason", reason);
  if (more && listing.next !== null) query.set("before", String(listing.next));
  try {
    const page = await ask(`/api/dead-letters?${query}`, { timeoutMs: ACTION_TIMEOUT_MS });
    if (listing.reason !== reason) return;
    listing.letters = more ? [...listing.letters, ...page.deadLetters] : page.deadLetters;
    listing.next = page.next;
    showList();
  } catch (error) {
    // The status goes on being asked for, and the list with it.
    listing.listedFor = null;
    say(`The list can't be shown: ${problemOf(error)}.`, "bad");
  }
}

function showList() {
  const { letters, next, reason } = listing;
  showWhenChanged(byId("letters-list"), [letters, next, reason, openContents()], () => {
    if (letters.length === 0) return [];
    const headings = ["Reason", "Record", "What was found", "When", "Actions"];
    const caption = reason === null ? "Newest first" : "Newest first, of the chosen reason";
    const list = table(
      { caption, headings, className: "cards letters" },
      letters.map((letter) => letterRow(headings, letter)),
    );
    if (next === null) return [list];
    const moreButton = button("Show more", { focus: "more" }, () => load({ more: true }));
    return [list, html("div", { class: "controls" }, moreButton)];
  }, byId("letters-heading"));
}

function letterRow(headings, letter) {
  const { id, reason, detail, attempts, nextAttemptAt, createdAt } = letter;
  const tries = attempts === 0 ? [] : [line(`tried ${counted(attempts, "time")}`)];
  const next = nextAttemptAt === null ? [] : [line("again ", age(nextAttemptAt))];
  return row(headings, [
    reasonCode(reason),
    address(letter),
    [foreign(detail), ...contentOf(id)],
    [age(createdAt), ...tries, ...next],
    html(
      "div",
      { class: "actions" },
      contentButton(id, showList),
      button(
        "Retry",
        { name: `Retry dead letter ${id}`, focus: `retry ${id}` },
        () => act("Retrying", () => retryOne(id)),
      ),
      button(
        "Discard",
        { name: `Discard dead letter ${id}`, focus: `discard ${id}` },
        () => confirmDiscard(letter),
      ),
    ),
  ]);
}

function line(...content) {
  return html("span", { class: "line" }, ...content);
}

async function retryOne(id) {
  const { resolved } = await ask(`/api/dead-letters/${id}/retry`, {
    method: "POST",
    timeoutMs: ACTION_TIMEOUT_MS,
  });
  return resolved > 0
    ? { text: `Dead letter ${id} is resolved.`, level: "good" }
    : { text: `Dead letter ${id} is refused again.`, level: "warn" };
}

async function retryReason(reason) {
  const { tried, resolved } = await ask("/api/dead-letters/retry", {
    method: "POST",
    body: { reason },
    timeoutMs: ACTION_TIMEOUT_MS,
  });
  const level = tried > 0 && resolved === tried ? "good" : "warn";
  return {
    text: `${counted(tried, "dead letter")} tried again, ${count(resolved)} resolved.`,
    level,
  };
}

async function discard(id) {
  await ask(`/api/dead-letters/${id}/discard`, { method: "POST", timeoutMs: ACTION_TIMEOUT_MS });
  return { text: `Dead letter ${id} is discarded.`, level: "good" };
}

/** Does one thing at a time, says how it went, and shows what is left. */
async function act(doing, action) {
  if (listing.busy) return;
  listing.busy = true;
  say(`${doing}…`);
  try {
    const { text, level } = await action();
    say(text, level);
  } catch (error) {
    say(`That did not work: ${problemOf(error)}.`, "bad");
  } finally {
    listing.busy = false;
    await load();
  }
}

function problemOf(error) {
  if (error.name === "TimeoutError") return "no answer in time; what was begun may go on";
  return error.status === undefined ? "the server does not answer" : error.message;
}

function say(text, level = "none") {
  const result = byId("letters-result");
  result.dataset.level = level;
  setText(result, text);
}

/** The letter that the dialog last asked about. */
let toDiscard = null;

function confirmDiscard({ id, collection, rkey }) {
  if (listing.busy) return;
  toDiscard = id;
  const what = collection === null ? "" : ` of ${collection} ${rkey ?? ""}`.trimEnd();
  byId("confirm-text").replaceChildren(
    "Dead letter ",
    foreign(`${id}${what}`),
    " is closed without its effect. This can't be undone.",
  );
  byId("confirm").showModal();
}

export function watchConfirmation() {
  const dialog = byId("confirm");
  byId("confirm-no").addEventListener("click", () => dialog.close());
  byId("confirm-yes").addEventListener("click", () => {
    const id = toDiscard;
    dialog.close();
    void act("Discarding", () => discard(id));
  });
  // This event comes late: by then the dialog may be open again, for another letter.
  dialog.addEventListener("close", () => {
    if (!dialog.open) keepFocus(dialog);
  });
}

/** Where the list was made anew behind the dialog, the focus has nowhere to come back to. */
function keepFocus(dialog) {
  const focused = document.activeElement;
  if (focused !== document.body && !dialog.contains(focused)) return;
  focusControl(byId("letters-list"), `discard ${toDiscard}`, byId("letters-heading"));
}
