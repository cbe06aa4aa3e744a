/** The filter for the list of dead letters: the values with which the form was last submitted. */

import { byId, html, showWhenChanged } from "./dom.js";

/** The parts of a filter: the name in the API, and the words for a person. */
const PARTS = [
  ["reason", "reason"],
  ["collection", "collection"],
  ["did", "author"],
  ["olderThan", "older than"],
  ["newerThan", "newer than"],
];

let chosen = {};

/** The parts that are set, as the API accepts them. */
export function chosenFilter() {
  return chosen;
}

export function isFiltered() {
  return Object.keys(chosen).length > 0;
}

/** The filter in words; empty when no part is set. */
export function filterWords() {
  return PARTS.filter(([part]) => chosen[part] !== undefined)
    .map(([part, name]) => `${name} ${chosen[part]}`).join(", ");
}

/** Selects one reason; null selects all dead letters. */
export function chooseReason(reason) {
  for (const [part] of PARTS) field(part).value = "";
  if (reason !== null) field("reason").value = reason;
  chosen = reason === null ? {} : { reason };
}

/** Shows the form, with the reasons of the open dead letters. */
export function showFilter(reasons) {
  byId("dead-letters-filter").hidden = false;
  offer(reasons.map(({ reason }) => reason));
}

export function hideFilter() {
  byId("dead-letters-filter").hidden = true;
}

/** Calls `changed` whenever the filter changes. */
export function watchFilter(changed) {
  const form = byId("dead-letters-filter");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    read();
    changed();
  });
  form.addEventListener("reset", () => {
    // The browser empties the fields after this event.
    setTimeout(() => {
      read();
      changed();
    });
  });
}

function field(part) {
  return byId(`filter-${part}`);
}

function read() {
  chosen = {};
  for (const [part] of PARTS) {
    const text = field(part).value.trim();
    if (text !== "") chosen[part] = text;
  }
}

/** Updates the list of reasons. The selected one stays in the list and selected. */
function offer(reasons) {
  const select = field("reason");
  const named = [select.value, chosen.reason ?? ""].filter((reason) => reason !== "");
  const all = [...new Set([...reasons, ...named])].toSorted();
  showWhenChanged(select, all, () => {
    const kept = select.value;
    return ["", ...all].map((reason) =>
      html("option", { value: reason, selected: reason === kept }, reason || "any")
    );
  });
}
