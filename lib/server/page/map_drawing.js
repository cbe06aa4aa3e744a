/**
 * The parts of the map: land, graticule, scenes, a scale, and the whole world in a corner. Pure functions of a
 * frame: its centre (projected), its width in degrees, its size in pixels, and functions from longitude and
 * latitude to pixels.
 */

import { clipPolygon } from "./clip_polygon.js";
import { svg } from "./dom.js";
import { LAND } from "./land_outline.js";

const MOST_NORTHERN = 83;
/** Below this width in degrees the coarse outline of the land gives little orientation. */
const COARSE_SPAN = 9;
/** How far beyond the edge land is drawn, pixels. */
const BEYOND = 50;
const STEPS = [90, 45, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005];
/** Width reserved for a label of the graticule, so that labels don't touch, pixels. */
const WIDEST_LABEL = 52;
/** The world in a corner: its size in pixels, and its northern edge in projected degrees. */
const INSET = { width: 112, height: 72, north: 142 };
const KM_PER_DEGREE = 111.2;

/** The parts, the lowest layer first. */
export function drawing(frame) {
  const corner = showsInset(frame) ? freeCorner(frame) : null;
  return [
    landShape(frame),
    ...graticule(frame, corner),
    ...(corner === null ? [] : [overview(frame, corner)]),
    ...frame.scenes.map((scene) => dot(scene, frame)),
    ...scaleBar(frame),
  ];
}

/** The vertical position of a latitude: downward, in degrees of longitude. */
export function project(lat) {
  const radians = Math.min(MOST_NORTHERN, Math.max(-MOST_NORTHERN, lat)) * Math.PI / 180;
  return -Math.log(Math.tan(Math.PI / 4 + radians / 2)) * 180 / Math.PI;
}

function latitudeOf(y) {
  return (2 * Math.atan(Math.exp(-y * Math.PI / 180)) - Math.PI / 2) * 180 / Math.PI;
}

function landShape({ xOf, yOf, width, height }) {
  const box = { left: -BEYOND, right: width + BEYOND, top: -BEYOND, bottom: height + BEYOND };
  return svg("path", { class: "land", "fill-rule": "evenodd", d: landPath(xOf, yOf, box) });
}

function landPath(xOf, yOf, box) {
  return LAND.map((ring) => {
    const beyond = ring.some(([lng]) => lng > 180);
    // Parts beyond the antimeridian are drawn at the other edge too.
    return (beyond ? [0, -360] : [0]).map((shift) => {
      const points = clipPolygon(ring.map(([lng, lat]) => [xOf(lng + shift), yOf(lat)]), box);
      if (points.length === 0) return "";
      return `M${points.map((point) => point.map((value) => value.toFixed(1)).join()).join("L")}Z`;
    }).join("");
  }).join("");
}

function graticule({ x: centre, y: middle, span, width, height, scale, xOf, yOf }, corner) {
  const least = Math.max(width / 7, WIDEST_LABEL);
  const step = STEPS.findLast((size) => size * scale >= least) ?? STEPS[0];
  const parts = [];
  const [west, east] = [centre - span / 2, centre + span / 2];
  for (let lng = Math.ceil(west / step) * step; lng <= east; lng += step) {
    const x = xOf(lng);
    parts.push(svg("line", { class: "grid", x1: x, x2: x, y1: 0, y2: height }));
    if (x > 16 && x < width - 30) {
      parts.push(svg("text", { class: "label", x: x + 3, y: 11 }, degrees(lng, step, "E", "W")));
    }
  }
  const south = latitudeOf(middle + height / 2 / scale);
  const north = latitudeOf(middle - height / 2 / scale);
  for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
    const y = yOf(lat);
    parts.push(svg("line", { class: "grid", x1: 0, x2: width, y1: y, y2: y }));
    const isBeneath = corner !== null && corner.left < 20 && y > corner.top - 4 &&
      y < corner.top + INSET.height + 16;
    if (y > 24 && !isBeneath) {
      parts.push(svg("text", { class: "label", x: 3, y: y - 3 }, degrees(lat, step, "N", "S")));
    }
  }
  return parts;
}

export function degrees(value, step, positive, negative) {
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return "0°";
  return `${text}° ${value > 0 ? positive : negative}`;
}

function dot({ name, lat, lng }, { xOf, yOf }) {
  const title = svg("title", {}, [...String(name)].slice(0, 100).join(""));
  return svg("circle", { class: "dot", cx: xOf(lng), cy: yOf(lat), r: 4.5 }, title);
}

/** A bar whose length is a round number of kilometres at the middle of the map. */
function scaleBar({ y: middle, span, width, height, scale }) {
  if (span > 120) return [];
  const kmPerPixel = KM_PER_DEGREE * Math.cos(latitudeOf(middle) * Math.PI / 180) / scale;
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

/** Whether the world is shown in a corner. On a small map only if the outline of the land gives little orientation. */
function showsInset({ span, width }) {
  return span < (width < 420 ? COARSE_SPAN : 120);
}

/** The first corner in which no scene is covered. */
function freeCorner({ scenes, width, height, xOf, yOf }) {
  const [right, bottom] = [width - INSET.width - 8, height - INSET.height - 8];
  const corners = [
    { left: 8, top: bottom },
    { left: 8, top: 20 },
    { left: right, top: 20 },
  ];
  const isFree = ({ left, top }) =>
    !scenes.some(({ lat, lng }) => {
      const [x, y] = [xOf(lng) - left, yOf(lat) - top];
      return x > -6 && x < INSET.width + 6 && y > -6 && y < INSET.height + 6;
    });
  return corners.find(isFree) ?? corners[0];
}

/** The world in a corner, with a mark at the part that the map shows. */
function overview(view, { left, top }) {
  const { width: boxWidth, height: boxHeight, north } = INSET;
  const box = svg("g", { transform: `translate(${left} ${top})` });
  const scale = boxWidth / 360;
  const frame = { xOf: (lng) => (lng + 180) * scale, yOf: (lat) => (project(lat) + north) * scale };
  const [x, y] = [(view.x + 180) * scale, (view.y + north) * scale];
  box.append(
    svg("rect", { class: "sea", width: boxWidth, height: boxHeight }),
    svg("path", {
      class: "land",
      "fill-rule": "evenodd",
      d: landPath(frame.xOf, frame.yOf, { left: 0, right: boxWidth, top: 0, bottom: boxHeight }),
    }),
    svg("path", { class: "here", d: `M${x - 7},${y}h14M${x},${y - 7}v14` }),
    svg("circle", { class: "here", cx: x, cy: y, r: 3.5 }),
    svg("rect", { class: "edge", width: boxWidth, height: boxHeight }),
  );
  return box;
}
