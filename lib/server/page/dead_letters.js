/** The section about dead letters: their number by reason and, if the API is on, the list with actions. */

import { ask } from "./access.js";
import { button, byId, foreign, html, row, showWhenChanged, table } from "./dom.js";
import {
  act,
  ACTION_TIMEOUT_MS,
  discardMany,
  discardOne,
  isBusy,
  problemOf,
  retryMany,
  retryOne,
  say,
  whyOf,
} from "./dead_letter_actions.js";
import { confirmDiscard } from "./dead_letter_confirm.js";
import { contentButton, contentOf, openContents } from "./dead_letter_content.js";
import {
  chooseReason,
  chosenFilter,
  filterWords,
  hideFilter,
  isFiltered,
  showFilter,
  watchFilter,
} from "./dead_letter_filter.js";
import { address, emptyNote, reasonCode } from "./stored_records.js";
import { age, count, counted } from "./text.js";

const PAGE_SIZE = 20;

const listing = {
  admin: false,
  reasons: [],
  /** The counts of the status when the list was requested. When they change, the list is requested again. */
  listedFor: null,
  deadLetters: [],
  next: null,
  /** How many dead letters match the filter; null: not known yet. */
  total: null,
};

export function showDeadLetters({ admin, stored }) {
  listing.admin = admin;
  if (stored === null) {
    showWhenChanged(byId("dead-letters-reasons"), null, () => [
      emptyNote("The database has not answered yet."),
    ]);
    return;
  }
  const { open, reasons } = stored.deadLetters;
  listing.reasons = reasons;
  showReasons(open);
  if (!admin) return;
  if (open > 0 || isFiltered()) showFilter(reasons);
  else hideFilter();
  const key = JSON.stringify(stored.deadLetters);
  if (key === listing.listedFor || isBusy()) return;
  listing.listedFor = key;
  void load();
}

export function watchDeadLetters() {
  watchFilter(() => choose());
}

function showReasons(open) {
  const { admin, reasons } = listing;
  showWhenChanged(byId("dead-letters-reasons"), [open, reasons, admin, chosenFilter()], () => {
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
        "command line can do both at any time: jetstream-indexer dead-letters.";
      parts.push(html("p", { class: "empty" }, how));
    }
    return parts;
  }, byId("dead-letters-heading"));
}

function reasonActions({ reason, count: amount }) {
  const filter = chosenFilter();
  const isChosen = filter.reason === reason && Object.keys(filter).length === 1;
  return [
    button(isChosen ? "Show all" : "Show", {
      name: isChosen ? "Show all dead letters" : `Show dead letters with the reason ${reason}`,
      focus: `show ${reason}`,
    }, () => {
      chooseReason(isChosen ? null : reason);
      choose();
    }),
    button("Retry these", {
      name: `Retry these ${counted(amount, "dead letter")} with the reason ${reason}`,
      focus: `retry ${reason}`,
    }, () => act("Retrying", () => retryMany({ reason }), load)),
  ];
}

/** Loads the list for the current filter. */
function choose() {
  listing.total = null;
  say("");
  showReasons(listing.reasons.reduce((sum, entry) => sum + entry.count, 0));
  void load();
}

/** Loads the first page of the list, or with `more` the next page. */
async function load({ more = false } = {}) {
  const filter = chosenFilter();
  const query = new URLSearchParams({ state: "open", limit: String(PAGE_SIZE), ...filter });
  if (more && listing.next !== null) query.set("before", String(listing.next));
  try {
    const page = await ask(`/api/dead-letters?${query}`, { timeoutMs: ACTION_TIMEOUT_MS });
    if (chosenFilter() !== filter) return;
    listing.deadLetters = more ? [...listing.deadLetters, ...page.deadLetters] : page.deadLetters;
    listing.next = page.next;
    listing.total = page.total;
    showList();
  } catch (error) {
    // The list is requested again with the next status.
    listing.listedFor = null;
    say(`The list can't be shown: ${problemOf(error)}.`, "bad");
  }
}

function showList() {
  const { deadLetters, next, total } = listing;
  const data = [
    deadLetters,
    next,
    total,
    chosenFilter(),
    openContents(),
    deadLetters.map(whyStillOpen),
  ];
  showWhenChanged(byId("dead-letters-list"), data, () => {
    if (deadLetters.length === 0) {
      return isFiltered() ? [emptyNote(`None with ${filterWords()}.`)] : [];
    }
    const headings = ["Reason", "Record", "What was found", "When", "Actions"];
    const shown = deadLetters.length < total ? `${count(deadLetters.length)} of ` : "";
    const words = isFiltered() ? ` with ${filterWords()}` : "";
    const caption = `${shown}${counted(total, "dead letter")}${words}, newest first`;
    const list = table(
      { caption, headings, className: "cards dead-letters" },
      deadLetters.map((deadLetter) => deadLetterRow(headings, deadLetter)),
    );
    const moreButton = button("Show more", { focus: "more" }, () => load({ more: true }));
    return [
      html("div", { class: "controls" }, ...allActions(total)),
      list,
      ...(next === null ? [] : [html("div", { class: "controls" }, moreButton)]),
    ];
  }, byId("dead-letters-heading"));
}

/** Actions on all dead letters that match the filter. */
function allActions(total) {
  const filter = chosenFilter();
  const all = `all ${count(total)}`;
  return [
    button(
      `Retry ${all}`,
      { focus: "retry all" },
      () => act("Retrying", () => retryMany(filter, total), load),
    ),
    button(`Discard ${all}…`, { focus: "discard all" }, () => {
      if (isBusy()) return;
      const words = isFiltered() ? [" with ", foreign(filterWords())] : [];
      confirmDiscard({
        question: [
          counted(total, "dead letter"),
          ...words,
          " will be closed without being applied. This can't be undone.",
        ],
        focus: "discard all",
        discard: () => act("Discarding", () => discardMany(filter, total), load),
      });
    }),
  ];
}

function whyStillOpen({ id }) {
  return whyOf(id);
}

function deadLetterRow(headings, deadLetter) {
  const { id, reason, detail, attempts, nextAttemptAt, createdAt } = deadLetter;
  const why = whyOf(id);
  const tries = attempts === 0 ? [] : [line(`retried ${counted(attempts, "time")}`)];
  const next = nextAttemptAt === null ? [] : [line("next retry ", age(nextAttemptAt))];
  const refused = why === null ? [] : [line("rejected again: ", foreign(why))];
  return row(headings, [
    reasonCode(reason),
    address(deadLetter),
    [foreign(detail), ...refused, ...contentOf(id)],
    [age(createdAt), ...tries, ...next],
    html(
      "div",
      { class: "actions" },
      contentButton(id, showList),
      button(
        "Retry",
        { name: `Retry dead letter ${id}`, focus: `retry ${id}` },
        () => act("Retrying", () => retryOne(id), load),
      ),
      button(
        "Discard",
        { name: `Discard dead letter ${id}`, focus: `discard ${id}` },
        () => askToDiscard(deadLetter),
      ),
    ),
  ]);
}

function line(...content) {
  return html("span", { class: "line" }, ...content);
}

function askToDiscard({ id, collection, rkey }) {
  if (isBusy()) return;
  const what = collection === null ? "" : ` of ${collection} ${rkey ?? ""}`.trimEnd();
  confirmDiscard({
    question: [
      "Dead letter ",
      foreign(`${id}${what}`),
      " will be closed without being applied. This can't be undone.",
    ],
    focus: `discard ${id}`,
    discard: () => act("Discarding", () => discardOne(id), load),
  });
}
