import { untilAborted } from "../../until_aborted.ts";
import { type Clock, sleep, systemClock } from "../clock.ts";
import { LinkedAbort } from "../linked_abort.ts";

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

export const systemNetwork: Network = {
  // Deno 2.4 never lets go of the signal when a name can't be resolved.
  connect: ({ signal, ...target }) =>
    Deno.connect(isAddress(target.hostname) ? { ...target, signal } : target),
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
  using linked = new LinkedAbort(signal);
  const attempt = attempts(port, linked.signal, network);
  const byName = attempt(hostname);
  const byAddress = async (): Promise<Deno.Conn> => {
    await sleep(HEAD_START_MS, clock, linked.signal);
    const addresses = await network.addressesOf(hostname, linked.signal);
    return await Promise.any(addresses.map(attempt));
  };
  // What the name comes to says why nothing was reached; the others only help.
  return await untilAborted(Promise.race([byName, byAddress().catch(() => byName)]), signal);
}

/**
 * Connects to whichever of the addresses takes the connection first.
 *
 * @throws {Error} when none does, with the error of the first
 */
export async function connectToAny(
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
  network: Network = systemNetwork,
): Promise<Deno.Conn> {
  using linked = new LinkedAbort(signal);
  try {
    return await Promise.any(addresses.map(attempts(port, linked.signal, network)));
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}

/** Attempts at one connection: the first that stands is used, and all others are closed. */
function attempts(
  port: number,
  signal: AbortSignal,
  network: Network,
): (hostname: string) => Promise<Deno.Conn> {
  let won: Deno.Conn | null = null;
  return async (hostname) => {
    const conn = await network.connect({ hostname, port, signal });
    if (won !== null || signal.aborted) conn.close();
    return won ??= conn;
  };
}

function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^[\d.]+$/.test(hostname);
}
