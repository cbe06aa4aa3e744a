/**
 * The status page as one document, so that its policy can name its script and its style by their
 * digests. The parts are modules in development and one scope in the document: no two of them may
 * declare the same name at the top level.
 */

import html from "./page/page.html" with { type: "text" };
import groundStyle from "./page/style/ground.css" with { type: "text" };
import layoutStyle from "./page/style/layout.css" with { type: "text" };
import stateStyle from "./page/style/state.css" with { type: "text" };
import glanceStyle from "./page/style/glance.css" with { type: "text" };
import tablesStyle from "./page/style/tables.css" with { type: "text" };
import plotsStyle from "./page/style/plots.css" with { type: "text" };
import streamStyle from "./page/style/stream.css" with { type: "text" };
import mapStyle from "./page/style/map.css" with { type: "text" };
import controlsStyle from "./page/style/controls.css" with { type: "text" };
import access from "./page/access.js" with { type: "text" };
import barPlot from "./page/bar_plot.js" with { type: "text" };
import clip from "./page/clip.js" with { type: "text" };
import dom from "./page/dom.js" with { type: "text" };
import glance from "./page/glance.js" with { type: "text" };
import land from "./page/land.js" with { type: "text" };
import letterActions from "./page/letter_actions.js" with { type: "text" };
import letterConfirm from "./page/letter_confirm.js" with { type: "text" };
import letterContent from "./page/letter_content.js" with { type: "text" };
import letterFilter from "./page/letter_filter.js" with { type: "text" };
import letters from "./page/letters.js" with { type: "text" };
import map from "./page/map.js" with { type: "text" };
import mapDrawing from "./page/map_drawing.js" with { type: "text" };
import meanings from "./page/meanings.js" with { type: "text" };
import outcomes from "./page/outcomes.js" with { type: "text" };
import page from "./page/page.js" with { type: "text" };
import plots from "./page/plots.js" with { type: "text" };
import state from "./page/state.js" with { type: "text" };
import stored from "./page/stored.js" with { type: "text" };
import stream from "./page/stream.js" with { type: "text" };
import text from "./page/text.js" with { type: "text" };

/** Each after those that it imports. */
const MODULES = [
  dom,
  text,
  access,
  state,
  glance,
  meanings,
  barPlot,
  outcomes,
  plots,
  stored,
  stream,
  letterActions,
  letterConfirm,
  letterContent,
  letterFilter,
  letters,
  land,
  clip,
  mapDrawing,
  map,
  page,
];

/** Later rules win over earlier ones. */
const STYLE = [
  groundStyle,
  layoutStyle,
  stateStyle,
  glanceStyle,
  tablesStyle,
  plotsStyle,
  streamStyle,
  mapStyle,
  controlsStyle,
].join("\n");

/** The modules as one: what they import from each other is in the same scope already. */
function joined(modules: readonly string[]): string {
  return modules
    .map((module) => module.replaceAll(/^import [^;]+;\n/gm, "").replaceAll(/^export /gm, ""))
    .join("\n");
}

/** Replacements as functions: a `$` in the text is only a `$`. */
export const PAGE = html
  .replace("<!-- style -->", () => `<style>\n${STYLE}</style>`)
  .replace("<!-- script -->", () => `<script type="module">\n${joined(MODULES)}</script>`);
