/**
 * A map with the scenes at their `display_point`. The page draws it itself: no other host gets a request, so
 * nobody learns which places are viewed. The projection is Mercator, in degrees.
 */

import { button, byId, foreign, row, setText, showWhenChanged, svg, table } from "./dom.js";
import { degrees, drawing, project } from "./map_drawing.js";
import { counted } from "./text.js";
import { emptyNote } from "./stored_records.js";

const WIDEST = 360;
const NARROWEST = 0.02;

const sight = {
  scenes: [],
  /** Centre, projected, and width in degrees. */
  x: 0,
  y: 0,
  span: WIDEST,
  /** Whether the map adapts to the scenes: until the reader moves it. */
  follows: true,
};

export function showMap(stored) {
  sight.scenes = (stored?.scenes ?? []).filter(({ lat, lng }) =>
    Number.isFinite(lat) && Number.isFinite(lng)
  );
  if (sight.follows) fit();
  draw();
  showWhenChanged(byId("map-list"), sight.scenes, () => [sceneList()]);
}

export function watchMap() {
  byId("map-controls").append(
    button("Scenes", { name: "Zoom to the scenes" }, () => {
      sight.follows = true;
      fit();
      draw();
    }),
    button(
      "World",
      { name: "Zoom out to the world" },
      () => moveTo({ x: 0, y: -20, span: WIDEST }),
    ),
    button("+", { name: "Zoom in" }, () => moveTo({ span: sight.span / 2 })),
    button("−", { name: "Zoom out" }, () => moveTo({ span: sight.span * 2 })),
  );
  byId("map").addEventListener("click", (event) => {
    const frame = byId("map").getBoundingClientRect();
    const { width, height, scale } = size();
    moveTo({
      x: sight.x + (event.clientX - frame.left - width / 2) / scale,
      y: sight.y + (event.clientY - frame.top - height / 2) / scale,
      span: sight.span / 2,
    });
  });
  new ResizeObserver(draw).observe(byId("map"));
}

function moveTo({ x = sight.x, y = sight.y, span = sight.span }) {
  sight.follows = false;
  place({ x, y, span });
  draw();
}

/** Sets the visible part, limited to the world. */
function place({ x, y, span }) {
  sight.span = Math.min(WIDEST, Math.max(NARROWEST, span));
  const room = (WIDEST - sight.span) / 2;
  sight.x = Math.min(room, Math.max(-room, x));
  sight.y = Math.min(100, Math.max(-130, y));
}

function fit() {
  const { scenes } = sight;
  if (scenes.length === 0) return place({ x: 0, y: -20, span: WIDEST });
  const xs = scenes.map(({ lng }) => lng);
  const ys = scenes.map(({ lat }) => project(lat));
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const { width, height } = size();
  const needed = Math.max(right - left, (bottom - top) * width / height) * 1.3;
  place({ x: (left + right) / 2, y: (top + bottom) / 2, span: Math.max(0.5, needed) });
}

function size() {
  const width = Math.max(240, byId("map").clientWidth);
  const height = Math.round(Math.min(420, Math.max(220, width * 0.64)));
  return { width, height, scale: width / sight.span };
}

function draw() {
  const { width, height, scale } = size();
  const { x, y, span, scenes } = sight;
  const frame = {
    x,
    y,
    span,
    scenes,
    width,
    height,
    scale,
    xOf: (lng) => (lng - x) * scale + width / 2,
    yOf: (lat) => (project(lat) - y) * scale + height / 2,
  };
  setText(byId("map-summary"), mapSummary());
  const key = [scenes, x, y, span, width];
  showWhenChanged(byId("map"), key, () => {
    const map = svg("svg", {
      role: "img",
      "aria-label": mapSummary(),
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
    });
    map.append(...drawing(frame));
    return [map];
  });
}

function mapSummary() {
  const { scenes } = sight;
  if (scenes.length === 0) return "No scene has a place to show.";
  const lats = scenes.map(({ lat }) => lat);
  const lngs = scenes.map(({ lng }) => lng);
  const range = (values, positive, negative) => {
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) =>
      degrees(value, 1, positive, negative)
    );
    return least === most ? `at about ${least}` : `from ${least} to ${most}`;
  };
  return `${counted(scenes.length, "scene")}, ${range(lats, "N", "S")}, ${
    range(lngs, "E", "W")
  }. Points are those that the app may show.`;
}

function sceneList() {
  const { scenes } = sight;
  if (scenes.length === 0) return emptyNote("No scene yet.");
  const headings = ["Scene", "Latitude", "Longitude", "Map"];
  const rows = scenes.map((scene) => {
    const { id, name, lat, lng } = scene;
    const show = button(
      "Show",
      { name: `Show ${name} on the map`, focus: `scene ${id}` },
      () => moveTo({ x: lng, y: project(lat), span: Math.min(sight.span, 2) }),
    );
    return row(headings, [foreign(name), lat.toFixed(3), lng.toFixed(3), show]);
  });
  return table(
    { caption: "Scenes and their points", headings, className: "numbers cards places" },
    rows,
  );
}
