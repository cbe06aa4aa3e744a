/**
 * A `fetch` that trusts these certificates (PEM) besides the public ones. Its connections are kept for the
 * next request, so one serves the whole process.
 */
export function trustingFetch(caCerts: readonly string[]): typeof fetch {
  if (caCerts.length === 0) return fetch;
  const client = Deno.createHttpClient({ caCerts: [...caCerts] });
  return (input: string | URL | Request, init?: RequestInit) => fetch(input, { ...init, client });
}
