/** Tries whether a server takes a subscription, and leaves again. */

import type { Endpoint } from "./endpoint.ts";
import { subscriptionTo } from "./subscription.ts";
import { JetstreamSocket } from "./websocket.ts";
import { systemClock } from "./clock.ts";

const TIMEOUT_MS = 10_000;

/** Connects as the indexer would, at the live tip and uncompressed. */
export async function probe(
  endpoint: Endpoint,
  collections: readonly string[],
  stop: AbortSignal,
): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
  const request = { filter: { collections, dids: [] }, cursor: null, zstd: null };
  try {
    const options = { signal, caCerts: [], clock: systemClock };
    const socket = await JetstreamSocket.open(subscriptionTo(endpoint, request), options);
    await socket.close();
    return { ok: true, detail: `takes the subscription (${endpoint.protocol})` };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
