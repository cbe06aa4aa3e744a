/**
 * Elements and their text. Whatever comes over the wire gets into the document as a text node or
 * as the value of a harmless attribute, and is never parsed as HTML.
 */

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

export function byId(id) {
  return document.getElementById(id);
}

/** An HTML element. Attributes that are null or false are left out, true means without a value. */
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

/** A text from the wire: cut when it is long, and its writing direction kept to itself. */
export function foreign(text, attributes = {}) {
  const characters = [...String(text)];
  const cut = characters.length > LONGEST_TEXT;
  const shown = cut ? `${characters.slice(0, LONGEST_TEXT).join("")}…` : characters.join("");
  return html("bdi", attributes, shown);
}

/** Touches the document only when the text changes: a screen reader reads every change. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const shown = new WeakMap();

/** What is to be shown when the pointer is let go, by element. */
const held = new Map();
let pressed = false;

/**
 * Fills an element anew when the data differ from the last time. The focus stays on the control
 * with the same `data-focus`; where that is gone, it goes to the fallback. Nothing is replaced
 * while the pointer is down: a button that goes between press and release gets no click.
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

/** Puts the focus on the control of that `data-focus`, or on the fallback. */
export function focusControl(element, name, fallback) {
  const controls = [...element.querySelectorAll("[data-focus]")];
  (controls.find((control) => control.dataset.focus === name) ?? fallback)?.focus();
}

/** Knows from now on whether the pointer is down. */
export function watchPointer() {
  addEventListener("pointerdown", ({ button }) => pressed = button === 0);
  // The click comes right after the release, so what was held comes in a turn of its own.
  for (const event of ["pointerup", "pointercancel", "blur"]) {
    addEventListener(event, () => setTimeout(letGo));
  }
}

function letGo() {
  pressed = false;
  for (const show of [...held.values()]) show();
}

/** A button that does something on this page. `focus` tells it apart from the others. */
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
 * A row of a table. On a narrow screen each row becomes a block whose cells bear the heading of
 * their column, and browsers then forget that it was a table unless the roles say so.
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
