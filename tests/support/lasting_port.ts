/** Ports for servers that are closed and opened again at the same address, as tests of restarts do. */

/** Systems hand out ports from 32768 (Linux) or 49152 on, so nothing that runs beside takes one of these meanwhile. */
const FIRST = 20_000;
const COUNT = 10_000;

/** A free port that stays free until somebody asks for it by its number. */
export function lastingPort(): number {
  for (;;) {
    const port = FIRST + crypto.getRandomValues(new Uint16Array(1))[0]! % COUNT;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
