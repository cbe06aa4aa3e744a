/** HTTP proxy variables. None is used: stream, archive and dictionary connect directly. */

const NAMES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((
  name,
) => [name, name.toLowerCase()]);

/**
 * Removes them from the environment. The runtime's own `fetch` would use a proxy, and the stream's sockets
 * would not: part of the program would fail without an explanation.
 */
export function ignoreProxies(): void {
  for (const name of NAMES) Deno.env.delete(name);
}

/** A notice for the operator when one is set; otherwise null. */
export function proxyNotice(present: ReadonlyMap<string, string>): string | null {
  const named = NAMES.filter((name) => present.has(name));
  if (named.length === 0) return null;
  return `${named.join(", ")}: no proxy is used, all connections are direct`;
}
