/**
 * Requests to the server. The token stays in this tab: in memory and in the session storage, never in a URL or
 * a cookie.
 */

const TOKEN_KEY = "jetstream-indexer-token";

let token = stored();

/** The stored token. Storage may be forbidden; then the token is kept as long as the page is open. */
function stored() {
  try {
    return sessionStorage.getItem(TOKEN_KEY);
  } catch {
    return null;
  }
}

export function hasToken() {
  return token !== null;
}

/** Sets the token; null removes it. */
export function setToken(text) {
  token = text;
  try {
    if (text === null) sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, text);
  } catch {
    // The token is kept as long as the page is open.
  }
}

/** Whether a text can be sent in a header. No other text can be a token. */
export function isSendable(text) {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

/** The server rejected a request. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Requests JSON. Throws a `Refusal`, or another error when there was no usable answer in time. */
export async function ask(path, { method = "GET", body = null, timeoutMs = 5_000 } = {}) {
  const headers = { accept: "application/json" };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  if (body !== null) headers["content-type"] = "application/json";
  const response = await fetch(path, {
    method,
    headers,
    body: body === null ? null : JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.ok) return await response.json();
  const answer = await response.json().catch(() => null);
  const code = String(answer?.error ?? "unknown");
  const message = String(answer?.message ?? `the server answered ${response.status}`);
  throw new Refusal(response.status, code, message);
}
