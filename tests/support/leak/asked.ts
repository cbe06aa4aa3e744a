/** The answers of a running process, with the token and without. */

import type { Haystack } from "./search.ts";

const PATHS = ["/", "/health", "/ready", "/metrics", "/internal/indexer/metrics", "/nothing"];

/** Requests every path, `letters` dead letters per page, and unknown paths. */
export async function asked(origin: string, token: string, letters: number): Promise<Haystack[]> {
  const headers = { authorization: `Bearer ${token}` };
  const said: Haystack[] = [];
  const ask = async (path: string, init: RequestInit = {}): Promise<string> => {
    const response = await fetch(origin + path, init);
    const text = `${[...response.headers].join("\n")}\n${await response.text()}`;
    // Uptimes and lags have all their decimals.
    said.push({ where: `${init.method ?? "GET"} ${path}`, text, decimals: 5 });
    return text;
  };
  for (const path of [...PATHS, "/api/status", "/api/dead-letters", "/api/dead-letters/1"]) {
    await ask(path);
    await ask(path, { headers: { authorization: "Bearer wrong", "x-internal-token": "" } });
  }
  for (const path of PATHS) await ask(path, { headers });
  said.push({
    where: "GET /api/status",
    text: await text(`${origin}/api/status`, headers),
    surface: "product",
    decimals: 7,
  });
  await ask("/api/dead-letters?reason=no_reason", { headers });
  await ask("/api/dead-letters/retry", { headers, method: "POST", body: "{" });
  await ask("/api/dead-letters/999999999/retry", { headers, method: "POST" });
  for (const state of ["open", "resolved"]) {
    for (let next = ""; next !== "end";) {
      const path = `/api/dead-letters?limit=200&state=${state}${next}`;
      const page = JSON.parse((await ask(path, { headers })).split("\n").at(-1) ?? "");
      next = page.next === null ? "end" : `&before=${page.next}`;
      for (const { id } of page.deadLetters.slice(0, letters)) {
        const letter = `/api/dead-letters/${id}`;
        const shown = await text(origin + letter, headers);
        said.push({ where: `GET ${letter}`, text: shown, surface: "letter" });
      }
    }
  }
  await ask("/api/dead-letters/retry", { headers, method: "POST", body: "{}" });
  await ask("/metrics", { headers });
  return said;
}

async function text(url: string, headers: Record<string, string>): Promise<string> {
  return await (await fetch(url, { headers })).text();
}
