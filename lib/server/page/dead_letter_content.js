/** The stored content of dead letters. Each is shown on request, until it is hidden again. */

import { ask } from "./access.js";
import { button, html } from "./dom.js";

/** The shown contents, by the id of the dead letter. */
const contents = new Map();

/** The shown contents, which the list compares for changes. */
export function openContents() {
  return [...contents];
}

/** A button that shows or hides the content of a dead letter. `changed` renders the list again. */
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
    if (payload === null) return "No content is stored.";
    const text = JSON.stringify(payload, null, 2);
    if (text.length <= LONGEST_CONTENT) return text;
    return `${
      text.slice(0, LONGEST_CONTENT)
    }\n… cut: jetstream-indexer dead-letters show ${id} has all.`;
  } catch {
    return "The content can't be shown: the server does not answer, or no longer has it.";
  }
}

/** The content, if it is shown. It is isolated, so that its writing direction affects nothing else. */
export function contentOf(id) {
  const text = contents.get(id);
  return text === undefined
    ? []
    : [html("pre", { class: "dead-letter-content" }, html("bdi", {}, text))];
}
