import { type Clock, sleep, systemClock } from "./clock.ts";
import { Scope } from "./scope.ts";

/** Where to connect to. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** What the network does for `connect`; a test has another one. */
export interface Network {
  readonly connect: (target: Target & { readonly signal: AbortSignal }) => Promise<Deno.Conn>;
  /** All addresses of a name, as DNS has them. */
  readonly addressesOf: (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;
}

const systemNetwork: Network = {
  connect: (target) => Deno.connect(target),
  addressesOf: async (hostname, signal) => {
    const found = await Promise.allSettled(
      (["A", "AAAA"] as const).map((type) => Deno.resolveDns(hostname, type, { signal })),
    );
    return found.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
  },
};

/** A connection that does not stand by now has company, milliseconds: RFC 8305 has 250. */
export const HEAD_START_MS = 250;

/**
 * Connects over TCP. Deno 2.4 tries the addresses of a name one after the other, and each may take minutes:
 * one that is dead, of IPv6 as a rule, hides all others. So after a moment the others are tried beside it,
 * and the first connection that stands is used.
 *
 * @throws {Error} when the name can't be resolved, or none of its addresses takes the connection
 */
export async function connect(
  { hostname, port }: Target,
  signal: AbortSignal,
  network: Network = systemNetwork,
  clock: Clock = systemClock,
): Promise<Deno.Conn> {
  if (isAddress(hostname)) return await network.connect({ hostname, port, signal });
  using scope = new Scope(signal);
  let won: Deno.Conn | null = null;
  const attempt = async (to: string): Promise<Deno.Conn> => {
    const conn = await network.connect({ hostname: to, port, signal: scope.signal });
    // Nobody waits for it any more.
    if (won !== null || scope.signal.aborted) conn.close();
    return won ??= conn;
  };
  const byName = attempt(hostname);
  const byAddress = async (): Promise<Deno.Conn> => {
    await sleep(HEAD_START_MS, clock, scope.signal);
    const addresses = await network.addressesOf(hostname, scope.signal);
    return await Promise.any(addresses.map(attempt));
  };
  // What the name comes to says why nothing was reached; the others only help.
  return await Promise.race([byName, byAddress().catch(() => byName)]);
}

function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^[\d.]+$/.test(hostname);
}
