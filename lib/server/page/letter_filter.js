/** Which dead letters are shown: what the form says since it was last sent. */

import { byId, html, showWhenChanged } from "./dom.js";

/** Parts of a filter, as the API names them, with how a person does. */
const PARTS = [
  ["reason", "reason"],
  ["collection", "collection"],
  ["did", "author"],
  ["olderThan", "older than"],
  ["newerThan", "newer than"],
];

let chosen = {};

/** The parts that say something, as the API takes them. */
export function chosenFilter() {
  return chosen;
}

export function isFiltered() {
  return Object.keys(chosen).length > 0;
}

/** What the filter asks for, in words; empty when it asks for nothing. */
export function filterWords() {
  return PARTS.filter(([part]) => chosen[part] !== undefined)
    .map(([part, name]) => `${name} ${chosen[part]}`).join(", ");
}

/** Asks for one reason alone; null for all letters. */
export function chooseReason(reason) {
  for (const [part] of PARTS) field(part).value = "";
  if (reason !== null) field("reason").value = reason;
  chosen = reason === null ? {} : { reason };
}

/** Shows the form, with the reasons that there are. */
export function showFilter(reasons) {
  byId("letters-filter").hidden = false;
  offer(reasons.map(({ reason }) => reason));
}

export function hideFilter() {
  byId("letters-filter").hidden = true;
}

/** Calls `changed` whenever somebody asks for other letters. */
export function watchFilter(changed) {
  const form = byId("letters-filter");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    read();
    changed();
  });
  form.addEventListener("reset", () => {
    // The fields are emptied after this event.
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

/** What is chosen, sent or not, stays on offer and chosen. */
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
