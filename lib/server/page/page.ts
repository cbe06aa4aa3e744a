/**
 * The status page as one document, so that its policy can name its script and its style by their digests. The
 * parts are modules in development and one scope in the document: no two of them may declare the same name at
 * the top level.
 */

import html from "./page.html" with { type: "text" };
import baseStyle from "./style/base.css" with { type: "text" };
import layoutStyle from "./style/layout.css" with { type: "text" };
import stateStyle from "./style/state.css" with { type: "text" };
import summaryTilesStyle from "./style/summary_tiles.css" with { type: "text" };
import tablesStyle from "./style/tables.css" with { type: "text" };
import plotsStyle from "./style/plots.css" with { type: "text" };
import streamStyle from "./style/stream.css" with { type: "text" };
import mapStyle from "./style/map.css" with { type: "text" };
import controlsStyle from "./style/controls.css" with { type: "text" };
import access from "./access.js" with { type: "text" };
import barPlot from "./bar_plot.js" with { type: "text" };
import clip from "./clip_polygon.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import summaryTiles from "./summary_tiles.js" with { type: "text" };
import land from "./land_outline.js" with { type: "text" };
import deadLetterActions from "./dead_letter_actions.js" with { type: "text" };
import deadLetterConfirm from "./dead_letter_confirm.js" with { type: "text" };
import deadLetterContent from "./dead_letter_content.js" with { type: "text" };
import deadLetterFilter from "./dead_letter_filter.js" with { type: "text" };
import deadLetters from "./dead_letters.js" with { type: "text" };
import map from "./map.js" with { type: "text" };
import mapDrawing from "./map_drawing.js" with { type: "text" };
import meanings from "./meanings.js" with { type: "text" };
import outcomes from "./outcomes.js" with { type: "text" };
import page from "./page.js" with { type: "text" };
import plots from "./plots.js" with { type: "text" };
import state from "./state.js" with { type: "text" };
import stored from "./stored_records.js" with { type: "text" };
import stream from "./stream.js" with { type: "text" };
import text from "./text.js" with { type: "text" };

/** Each after those that it imports. */
const MODULES = [
  dom,
  text,
  access,
  state,
  summaryTiles,
  meanings,
  barPlot,
  outcomes,
  plots,
  stored,
  stream,
  deadLetterActions,
  deadLetterConfirm,
  deadLetterContent,
  deadLetterFilter,
  deadLetters,
  land,
  clip,
  mapDrawing,
  map,
  page,
];

/** Later rules override earlier ones. */
const STYLE = [
  baseStyle,
  layoutStyle,
  stateStyle,
  summaryTilesStyle,
  tablesStyle,
  plotsStyle,
  streamStyle,
  mapStyle,
  controlsStyle,
].join("\n");

/** The modules joined: their imports from each other are in the same scope already. */
function joined(modules: readonly string[]): string {
  return modules
    .map((module) => module.replaceAll(/^import [^;]+;\n/gm, "").replaceAll(/^export /gm, ""))
    .join("\n");
}

/** Replacements are functions, so that a `$` in the text has no special meaning. */
export const PAGE = html
  .replace("<!-- style -->", () => `<style>\n${STYLE}</style>`)
  .replace("<!-- script -->", () => `<script type="module">\n${joined(MODULES)}</script>`);
