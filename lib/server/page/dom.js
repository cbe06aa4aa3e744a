/**
 * Elements and their text. Text from the network becomes a text node or the value of a harmless attribute. It
 * is never parsed as HTML.
 */

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

export function byId(id) {
  return document.getElementById(id);
}

/** An HTML element. Attributes that are null or false are left out. True means an attribute without a value. */
export function html(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG_NAMESPACE, name), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

const LONGEST_TEXT = 300;

/** A text from the network: cut when it is long, and isolated, so that its writing direction affects nothing else. */
export function foreign(text, attributes = {}) {
  const characters = [...String(text)];
  const cut = characters.length > LONGEST_TEXT;
  const shown = cut ? `${characters.slice(0, LONGEST_TEXT).join("")}…` : characters.join("");
  return html("bdi", attributes, shown);
}

/** Changes the document only when the text differs: a screen reader reads every change. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const shown = new WeakMap();

/** Updates that wait until the pointer is released, by element. */
const held = new Map();
let pressed = false;

/**
 * Renders an element again when the data differ from the last time. The focus stays on the control with the
 * same `data-focus`; if that no longer exists, the fallback gets the focus. Nothing is replaced while the
 * pointer is down: a button that is replaced between press and release gets no click.
 */
export function showWhenChanged(element, data, render, fallback = null) {
  const key = JSON.stringify(data);
  held.delete(element);
  if (shown.get(element) === key) return;
  if (pressed) {
    held.set(element, () => showWhenChanged(element, data, render, fallback));
    return;
  }
  shown.set(element, key);
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  element.replaceChildren(...render());
  if (focused !== null) focusControl(element, focused.dataset.focus, fallback);
}

/** Focuses the control with that `data-focus`, or the fallback. */
export function focusControl(element, name, fallback) {
  const controls = [...element.querySelectorAll("[data-focus]")];
  (controls.find((control) => control.dataset.focus === name) ?? fallback)?.focus();
}

/** Tracks from now on whether the pointer is down. */
export function watchPointer() {
  addEventListener("pointerdown", ({ button }) => pressed = button === 0);
  // The click follows directly after the release, so waiting updates run in a later turn of the event loop.
  for (const event of ["pointerup", "pointercancel", "blur"]) {
    addEventListener(event, () => setTimeout(letGo));
  }
}

function letGo() {
  pressed = false;
  for (const show of [...held.values()]) show();
}

/** A button. `focus` is its unique name, for restoring the focus. */
export function button(label, { name = label, focus = null, kind = null }, onClick) {
  const element = html("button", {
    type: "button",
    class: kind,
    "aria-label": name === label ? null : name,
    "data-focus": focus,
  }, label);
  element.addEventListener("click", () => onClick(element));
  return element;
}

/**
 * A row of a table. On a narrow screen each row becomes a block whose cells show the heading of their column.
 * Browsers then no longer treat it as a table, so the roles are set explicitly.
 */
export function row(headings, cells, { header = 0, className = null } = {}) {
  return html(
    "tr",
    { role: "row", class: className },
    ...cells.map((cell, index) => {
      const content = Array.isArray(cell) ? cell : [cell];
      const isHeader = index === header;
      return html(isHeader ? "th" : "td", {
        role: isHeader ? "rowheader" : "cell",
        scope: isHeader ? "row" : null,
        "data-label": headings[index],
      }, ...content);
    }),
  );
}

/** A table of rows made by `row`, with a caption. */
export function table({ caption, headings, className = null, captionClass = null }, rows) {
  const cells = headings.map((heading) =>
    html("th", { scope: "col", role: "columnheader" }, heading)
  );
  return html(
    "table",
    { role: "table", class: className },
    html("caption", { class: captionClass }, caption),
    html("thead", { role: "rowgroup" }, html("tr", { role: "row" }, ...cells)),
    html("tbody", { role: "rowgroup" }, ...rows),
  );
}
