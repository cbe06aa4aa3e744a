/**
 * A `fetch` that trusts these certificates (PEM) in addition to the public ones. It keeps connections open,
 * so one serves the whole process.
 */
export function trustingFetch(caCerts: readonly string[]): typeof fetch {
  if (caCerts.length === 0) return fetch;
  const client = Deno.createHttpClient({ caCerts: [...caCerts] });
  return (input: string | URL | Request, init?: RequestInit) => fetch(input, { ...init, client });
}
