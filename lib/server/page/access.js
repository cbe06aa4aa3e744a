/**
 * Asking the server. The token stays in this tab: in memory and in the session's storage, never in
 * an address or a cookie.
 */

const TOKEN_KEY = "jetstream-indexer-token";

let token = stored();

/** Storage may be forbidden; then the token lasts as long as the page. */
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

/** Null forgets it. */
export function setToken(text) {
  token = text;
  try {
    if (text === null) sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, text);
  } catch {
    // It lasts as long as the page.
  }
}

/** Whether a header can carry it; no other token can be right. */
export function isSendable(text) {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

/** The server answered, and it was no. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Asks for JSON. Throws a `Refusal`, or another error when there was no usable answer in time. */
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
  const message = String(answer?.message ?? `the server answers ${response.status}`);
  throw new Refusal(response.status, code, message);
}
