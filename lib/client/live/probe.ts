/** Checks whether a server accepts a subscription, then disconnects. */

import { systemClock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import { HandshakeRefusedError } from "../socket/handshake.ts";
import { classifyRefusal } from "./handshake_refusal.ts";
import { printable } from "../server_message.ts";
import { type Filter, subscriptionTo } from "../subscription.ts";
import { JetstreamSocket } from "../socket/websocket.ts";

const TIMEOUT_MS = 10_000;

/** A server that refuses a filter sent as a message does so within this time. */
const HELLO_MS = 2_000;

export interface ProbeOptions {
  /** The filter that the indexer will use. */
  readonly filter: Filter;
  /** Certificates (PEM) trusted in addition to those of the program. */
  readonly caCerts: readonly string[];
  readonly stop: AbortSignal;
}

/** Connects as the indexer would, at the live tip and uncompressed. */
export async function probe(
  endpoint: Endpoint,
  { filter, caCerts, stop }: ProbeOptions,
): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const subscription = subscriptionTo(endpoint, { filter, cursor: null, zstd: null });
    const socket = await JetstreamSocket.open(subscription, { signal, caCerts });
    const objection = subscription.hello ? await objectionOf(socket) : null;
    await socket.close();
    if (objection !== null) return { ok: false, detail: objection };
    return { ok: true, detail: `accepts the subscription (${endpoint.protocol})` };
  } catch (error) {
    if (error instanceof HandshakeRefusedError) {
      return { ok: false, detail: classifyRefusal(endpoint, error, systemClock.now()).message };
    }
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** The server's objection to the filter; null when there is none. */
async function objectionOf(socket: JetstreamSocket): Promise<string | null> {
  const timer = setTimeout(() => void socket.close(), HELLO_MS);
  try {
    const came = await socket.read();
    const first = came ? socket.next() : null;
    if (first === null || typeof first === "string" || !("kind" in first)) return null;
    if (first.kind !== "close") return null;
    return `the server closed the connection with code ${first.code}: ${printable(first.reason)}`;
  } finally {
    clearTimeout(timer);
  }
}
