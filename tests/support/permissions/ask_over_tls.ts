/** Asks a server as a repository is asked, and prints its answer or why there is none. */

import { get } from "../../../lib/pds/get.ts";

const [url = ""] = Deno.args;
try {
  const { body } = await get(new URL(url), {
    allowPrivate: true,
    maxBytes: 1_000,
    timeoutMs: 10_000,
    signal: new AbortController().signal,
  });
  print(new TextDecoder().decode(body));
} catch (error) {
  print(String(error));
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
