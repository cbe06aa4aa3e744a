import { untilAborted } from "../../until_aborted.ts";
import { type Clock, sleep, systemClock } from "../clock.ts";
import { LinkedAbort } from "../linked_abort.ts";

/** Where to connect. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** The network functions of `connect`; tests replace them. */
export interface Network {
  readonly connect: (target: Target & { readonly signal: AbortSignal }) => Promise<Deno.Conn>;
  /** All addresses of a name, from DNS. */
  readonly addressesOf: (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;
}

export const systemNetwork: Network = {
  // Deno 2.4 never releases the signal when a name can't be resolved.
  connect: ({ signal, ...target }) =>
    Deno.connect(isAddress(target.hostname) ? { ...target, signal } : target),
  addressesOf: async (hostname, signal) => {
    const found = await Promise.allSettled(
      (["A", "AAAA"] as const).map((type) => Deno.resolveDns(hostname, type, { signal })),
    );
    return found.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
  },
};

/** Delay before another address is tried in parallel, milliseconds: RFC 8305 recommends 250. */
export const HEAD_START_MS = 250;

/**
 * Connects over TCP. Deno 2.4 tries the addresses of a name one after another, and each may take minutes: one
 * dead address, usually IPv6, blocks all others. So after a delay the others are tried in parallel, and the
 * first open connection is used.
 *
 * @throws {Error} when the name can't be resolved, or no address accepts the connection
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
  // The error of the connection by name says why nothing was reached; the others only help.
  return await untilAborted(Promise.race([byName, byAddress().catch(() => byName)]), signal);
}

/**
 * Connects to the address that accepts first.
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

/** Parallel attempts: the first open connection is used, all others are closed. */
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
