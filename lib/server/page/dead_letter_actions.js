/** Actions on dead letters, one at a time, and the messages about their results. */

import { ask } from "./access.js";
import { byId, setText } from "./dom.js";
import { count, counted } from "./text.js";

/** The server's own limit for one answer, and two seconds more. */
export const ACTION_TIMEOUT_MS = 12_000;

let busy = false;

/** Why dead letters are still open after a retry on this page, by id. */
const whys = new Map();

export function isBusy() {
  return busy;
}

/** Null for a dead letter that was not retried on this page. */
export function whyOf(id) {
  return whys.get(id) ?? null;
}

/** Runs an action, shows its result, and calls `after`. */
export async function act(doing, action, after) {
  if (busy) return;
  busy = true;
  say(`${doing}…`);
  try {
    const { text, level } = await action();
    say(text, level);
  } catch (error) {
    say(`That failed: ${problemOf(error)}.`, "bad");
  } finally {
    busy = false;
    await after();
  }
}

export async function retryOne(id) {
  const { resolved, letters = [] } = await post(`/api/dead-letters/${id}/retry`);
  learn(letters);
  if (resolved > 0) return { text: `Dead letter ${id} is resolved.`, level: "good" };
  const why = whyOf(id);
  const because = why === null ? "" : `: ${why}`;
  return { text: `Dead letter ${id} was rejected again${because}.`, level: "warn" };
}

/** Retries the dead letters that match a filter, `amount` in total, as many as the server accepts at a time. */
export async function retryMany(filter, amount = 0) {
  const { tried, resolved, letters = [] } = await post("/api/dead-letters/retry", filter);
  learn(letters);
  const level = tried > 0 && resolved === tried ? "good" : "warn";
  const text = `${counted(tried, "dead letter")} retried, ${count(resolved)} resolved.`;
  const left = amount - tried;
  return { text: left > 0 ? `${text} ${count(left)} not retried yet.` : text, level };
}

export async function discardOne(id) {
  await post(`/api/dead-letters/${id}/discard`);
  return { text: `Dead letter ${id} is discarded.`, level: "good" };
}

/** Discards the dead letters that match a filter, if their number is still the confirmed one. */
export async function discardMany(filter, amount) {
  const { discarded } = await post("/api/dead-letters/discard", { ...filter, count: amount });
  return { text: `${counted(discarded, "dead letter")} discarded.`, level: "good" };
}

function post(path, body = null) {
  return ask(path, { method: "POST", body, timeoutMs: ACTION_TIMEOUT_MS });
}

function learn(letters) {
  for (const { id, why } of letters) whys.set(id, why);
}

export function problemOf(error) {
  if (error.name === "TimeoutError") return "no answer in time; the operation may still complete";
  return error.status === undefined ? "the server does not answer" : error.message;
}

export function say(text, level = "none") {
  const result = byId("dead-letters-result");
  result.dataset.level = level;
  setText(result, text);
}
