/** Variables that name an HTTP proxy. None is used: stream, archive and dictionary go the same way. */

const NAMES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((
  name,
) => [name, name.toLowerCase()]);

/**
 * Takes them out of the environment. The runtime's own `fetch` would go through a proxy, and the stream's
 * sockets would not: half of the program would work, or none, and nothing would say why.
 */
export function ignoreProxies(): void {
  for (const name of NAMES) Deno.env.delete(name);
}

/** What an operator who set one should know; null when there is none. */
export function proxyNotice(present: ReadonlyMap<string, string>): string | null {
  const named = NAMES.filter((name) => present.has(name));
  if (named.length === 0) return null;
  return `${named.join(", ")}: no proxy is used, all connections are direct`;
}
