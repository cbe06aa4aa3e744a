/** The question before dead letters are discarded. */

import { byId, focusControl } from "./dom.js";

/** What the dialog last asked about: what a yes does, and the control that asked. */
let asked = null;

/** Asks; `discard` is called after a yes. `focus` names the control that the focus comes back to. */
export function confirmDiscard({ question, focus, discard }) {
  asked = { focus, discard };
  byId("confirm-text").replaceChildren(...question);
  byId("confirm").showModal();
}

export function watchConfirmation() {
  const dialog = byId("confirm");
  byId("confirm-no").addEventListener("click", () => dialog.close());
  byId("confirm-yes").addEventListener("click", () => {
    const { discard } = asked;
    dialog.close();
    discard();
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
  focusControl(byId("letters-list"), asked.focus, byId("letters-heading"));
}
