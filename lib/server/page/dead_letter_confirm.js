/** The dialog that asks for confirmation before dead letters are discarded. */

import { byId, focusControl } from "./dom.js";

/** The open question: the action to confirm, and the control that opened the dialog. */
let asked = null;

/** Asks. `discard` is called after a confirmation. `focus` names the control that gets the focus afterwards. */
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
  // This event is dispatched late: the dialog may already be open again, for another dead letter.
  dialog.addEventListener("close", () => {
    if (!dialog.open) keepFocus(dialog);
  });
}

/** Restores the focus: if the list was rendered again behind the dialog, its control no longer exists. */
function keepFocus(dialog) {
  const focused = document.activeElement;
  if (focused !== document.body && !dialog.contains(focused)) return;
  focusControl(byId("dead-letters-list"), asked.focus, byId("dead-letters-heading"));
}
