/** What is kept of dead letters: opened one by one, and open until it is closed. */

import { ask } from "./access.js";
import { button, html } from "./dom.js";

/** By the ids of the letters that are open. */
const contents = new Map();

/** What the list shows depends on this too. */
export function openContents() {
  return [...contents];
}

/** Opens or closes the content of a letter. `changed` shows the list again. */
export function contentButton(id, changed) {
  const isOpen = contents.has(id);
  return button(isOpen ? "Hide" : "Show", {
    name: `${isOpen ? "Hide" : "Show"} the content of dead letter ${id}`,
    focus: `content ${id}`,
  }, async () => {
    if (isOpen) contents.delete(id);
    else contents.set(id, await contentText(id));
    changed();
  });
}

const LONGEST_CONTENT = 20_000;

async function contentText(id) {
  try {
    const { payload } = await ask(`/api/dead-letters/${id}`);
    if (payload === null) return "Nothing is kept of it.";
    const text = JSON.stringify(payload, null, 2);
    if (text.length <= LONGEST_CONTENT) return text;
    return `${
      text.slice(0, LONGEST_CONTENT)
    }\n… cut: jetstream-indexer dead-letters show ${id} has all.`;
  } catch {
    return "It can't be shown: the server does not answer, or doesn't have it any more.";
  }
}

/** The content, where it is open. Its writing direction is kept to itself. */
export function contentOf(id) {
  const text = contents.get(id);
  return text === undefined
    ? []
    : [html("pre", { class: "letter-content" }, html("bdi", {}, text))];
}
