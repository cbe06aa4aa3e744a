/** Requests that follow redirects only within their origin: keys and files must not go elsewhere. */

import { printable } from "./server_message.ts";

const MAX_REDIRECTS = 5;

/** Redirect statuses. The first three turn a POST into a GET. */
const REDIRECTS = [301, 302, 303, 307, 308];
const KEEPS_METHOD = [307, 308];

/**
 * Fetches, following redirects as long as scheme, host and port stay the same.
 *
 * @throws {Error} when a redirect points elsewhere, is invalid, or there are too many
 */
export async function fetchSameOrigin(
  fetchFrom: typeof fetch,
  from: URL,
  init: RequestInit,
): Promise<Response> {
  let url = from;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetchFrom(url, { ...init, redirect: "manual" });
    if (!REDIRECTS.includes(response.status)) return response;
    await response.body?.cancel();
    url = target(response, url, init.method ?? "GET");
  }
  throw new Error(`the server redirects more than ${MAX_REDIRECTS} times`);
}

function target({ status, headers }: Response, from: URL, method: string): URL {
  const location = headers.get("location");
  const to = location === null ? null : URL.parse(location, from.href);
  if (to === null) throw new Error(`the server redirects with HTTP ${status} to no address`);
  const where = printable(`${to.protocol}//${to.host}${to.pathname}`);
  if (to.origin !== from.origin || to.origin === "null") {
    throw new Error(`the server redirects to ${where}, expected an address on ${from.origin}`);
  }
  if (method !== "GET" && !KEEPS_METHOD.includes(status)) {
    throw new Error(`the server redirects a ${method} with HTTP ${status} to ${where}`);
  }
  // A redirect must not bring credentials of its own.
  [to.username, to.password] = [from.username, from.password];
  return to;
}
