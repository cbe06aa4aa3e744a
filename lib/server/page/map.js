/**
 * Scenes where their `display_point` is, on a map that is drawn here: nothing is asked of any other
 * host, so nobody learns which places are looked at. The projection is Mercator, in degrees.
 */

import { button, byId, foreign, row, setText, showWhenChanged, svg, table } from "./dom.js";
import { LAND } from "./land.js";
import { counted } from "./text.js";
import { emptyNote } from "./stored.js";

const MOST_NORTHERN = 83;
const WIDEST = 360;
const NARROWEST = 0.02;
/** Closer than this the outline of the land is too coarse to say anything. */
const LAND_FROM_SPAN = 9;
const STEPS = [45, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005];
const KM_PER_DEGREE = 111.2;

const sight = {
  scenes: [],
  /** Centre, projected, and width in degrees. */
  x: 0,
  y: 0,
  span: WIDEST,
  /** As long as the reader has not moved it, the map follows the scenes. */
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

/** Sets what is seen, kept within the world. */
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

/** Downward, in degrees of longitude. */
function project(lat) {
  const radians = Math.min(MOST_NORTHERN, Math.max(-MOST_NORTHERN, lat)) * Math.PI / 180;
  return -Math.log(Math.tan(Math.PI / 4 + radians / 2)) * 180 / Math.PI;
}

function latitudeOf(y) {
  return (2 * Math.atan(Math.exp(-y * Math.PI / 180)) - Math.PI / 2) * 180 / Math.PI;
}

function size() {
  const width = Math.max(240, byId("map").clientWidth);
  const height = Math.round(Math.min(420, Math.max(220, width * 0.6)));
  return { width, height, scale: width / sight.span };
}

function draw() {
  const { width, height, scale } = size();
  const frame = {
    width,
    height,
    scale,
    xOf: (lng) => (lng - sight.x) * scale + width / 2,
    yOf: (lat) => (project(lat) - sight.y) * scale + height / 2,
  };
  setText(byId("map-summary"), mapSummary());
  const key = [sight.scenes, sight.x, sight.y, sight.span, width];
  showWhenChanged(byId("map"), key, () => {
    const map = svg("svg", {
      role: "img",
      "aria-label": mapSummary(),
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
    });
    if (sight.span > LAND_FROM_SPAN) map.append(land(frame));
    map.append(...graticule(frame), ...sight.scenes.map((scene) => dot(scene, frame)));
    map.append(...scaleBar(frame));
    if (sight.span < 120) map.append(overview(frame));
    return [map];
  });
}

function land({ xOf, yOf }) {
  return svg("path", { class: "land", "fill-rule": "evenodd", d: landPath(xOf, yOf) });
}

function landPath(xOf, yOf) {
  return LAND.map((ring) => {
    const beyond = ring.some(([lng]) => lng > 180);
    // What lies beyond the antimeridian is seen at the other edge too.
    return (beyond ? [0, -360] : [0]).map((shift) =>
      `M${
        ring.map(([lng, lat]) => `${xOf(lng + shift).toFixed(1)},${yOf(lat).toFixed(1)}`).join("L")
      }Z`
    ).join("");
  }).join("");
}

function graticule({ width, height, scale, xOf, yOf }) {
  const step = STEPS.findLast((size) => size * scale >= width / 7) ?? STEPS[0];
  const parts = [];
  const [west, east] = [sight.x - sight.span / 2, sight.x + sight.span / 2];
  for (let lng = Math.ceil(west / step) * step; lng <= east; lng += step) {
    const x = xOf(lng);
    parts.push(svg("line", { class: "grid", x1: x, x2: x, y1: 0, y2: height }));
    if (x > 16 && x < width - 30) {
      parts.push(svg("text", { class: "label", x: x + 3, y: 11 }, degrees(lng, step, "E", "W")));
    }
  }
  const south = latitudeOf(sight.y + height / 2 / scale);
  const north = latitudeOf(sight.y - height / 2 / scale);
  for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
    const y = yOf(lat);
    parts.push(svg("line", { class: "grid", x1: 0, x2: width, y1: y, y2: y }));
    if (y > 24 && y < height - 24) {
      parts.push(svg("text", { class: "label", x: 3, y: y - 3 }, degrees(lat, step, "N", "S")));
    }
  }
  return parts;
}

function degrees(value, step, positive, negative) {
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return "0°";
  return `${text}° ${value > 0 ? positive : negative}`;
}

function dot({ name, lat, lng }, { xOf, yOf }) {
  const title = svg("title", {}, [...String(name)].slice(0, 100).join(""));
  return svg("circle", { class: "dot", cx: xOf(lng), cy: yOf(lat), r: 4.5 }, title);
}

/** A length that is a round number of kilometres at the middle of the map. */
function scaleBar({ width, height, scale }) {
  if (sight.span > 120) return [];
  const kmPerPixel = KM_PER_DEGREE * Math.cos(latitudeOf(sight.y) * Math.PI / 180) / scale;
  const most = kmPerPixel * width / 4;
  const power = 10 ** Math.floor(Math.log10(most));
  const km = [5, 2, 1].map((factor) => factor * power).find((length) => length <= most);
  const length = km / kmPerPixel;
  const [right, y] = [width - 10, height - 10];
  return [
    svg("path", { class: "scale", d: `M${right - length},${y - 5}v5h${length}v-5` }),
    svg(
      "text",
      { class: "label end", x: right, y: y - 9 },
      km >= 1 ? `${km} km` : `${Math.round(km * 1000)} m`,
    ),
  ];
}

/** The world in a corner, with a mark where the map is. */
function overview({ height }) {
  const scale = 104 / 360;
  const top = 150;
  const box = svg("g", { transform: `translate(8 ${height - 8 - 66})` });
  const frame = { xOf: (lng) => (lng + 180) * scale, yOf: (lat) => (project(lat) + top) * scale };
  const [x, y] = [(sight.x + 180) * scale, (sight.y + top) * scale];
  box.append(
    svg("rect", { class: "sea", width: 104, height: 66 }),
    svg("path", {
      class: "land",
      "fill-rule": "evenodd",
      d: landPath((lng) => Math.min(104, Math.max(0, frame.xOf(lng))), frame.yOf),
    }),
    svg("path", { class: "here", d: `M${x - 7},${y}h14M${x},${y - 7}v14` }),
    svg("circle", { class: "here", cx: x, cy: y, r: 3.5 }),
    svg("rect", { class: "edge", width: 104, height: 66 }),
  );
  return box;
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
  return table({ caption: "Scenes and their points", headings, className: "numbers" }, rows);
}
