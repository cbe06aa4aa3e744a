import { closeQuietly } from "../../byte_stream.ts";
import { connect, type Target } from "./connect.ts";
import { upgrade } from "./handshake.ts";
import type { Subscription } from "../subscription.ts";

/** An open connection, upgraded to a WebSocket. */
export interface Dialled {
  readonly conn: Deno.Conn;
  /** Bytes that the server sent directly after its answer. */
  readonly rest: Uint8Array;
}

/**
 * Connects over TCP, with TLS for `wss`, and upgrades.
 *
 * When `signal` aborts, the connection is closed at any step.
 *
 * @param caCerts certificates (PEM) to trust in addition to those of the system
 * @throws {HandshakeRefusedError} when the server answers with an HTTP error
 * @throws {Error} when it can't be reached or is no WebSocket server; after an abort, any error at all
 */
export async function dial(
  subscription: Subscription,
  caCerts: readonly string[],
  signal: AbortSignal,
): Promise<Dialled> {
  const conn = await open(new URL(subscription.url), caCerts, signal);
  return await closedOnAbort(conn, signal, async () => (
    { conn, rest: await upgrade(conn, subscription) }
  ));
}

/**
 * Connects to the host of a URL, with TLS for `wss` and `https`. Certificates are always verified, against
 * the roots of the system and `caCerts` (PEM).
 *
 * @throws {Error} when it can't be reached, or its certificate is not trusted; after an abort, any error
 */
export async function open(
  url: URL,
  caCerts: readonly string[],
  signal: AbortSignal,
  connectTo: (target: Target, signal: AbortSignal) => Promise<Deno.Conn> = connect,
): Promise<Deno.Conn> {
  const secure = url.protocol === "wss:" || url.protocol === "https:";
  // The brackets of an IPv6 address belong to the URL, not to the name in the certificate.
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || (secure ? 443 : 80));
  const tcp = await connectTo({ hostname, port }, signal);
  if (!secure) return tcp;
  const tls = await closedOnAbort(tcp, signal, () =>
    Deno.startTls(tcp as Deno.TcpConn, {
      hostname,
      caCerts: [...caCerts],
      alpnProtocols: ["http/1.1"],
    }));
  await closedOnAbort(tls, signal, () => tls.handshake());
  return tls;
}

/** Runs a step on a connection; closes the connection when the step fails or `signal` aborts. */
export async function closedOnAbort<Value>(
  conn: Deno.Conn,
  signal: AbortSignal,
  step: () => Promise<Value>,
): Promise<Value> {
  const close = (): void => closeQuietly(conn);
  signal.addEventListener("abort", close, { once: true });
  try {
    signal.throwIfAborted();
    return await step();
  } catch (error) {
    close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}
