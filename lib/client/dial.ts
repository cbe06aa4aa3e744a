import { connect } from "./connect.ts";
import { upgrade } from "./handshake.ts";
import type { Subscription } from "./subscription.ts";

/** A connection that stands, upgraded to a WebSocket. */
export interface Dialled {
  readonly conn: Deno.Conn;
  /** What the server sent right behind its answer. */
  readonly rest: Uint8Array;
}

/**
 * Connects over TCP, and TLS for `wss`, and upgrades. Certificates are always verified, against the
 * roots of the system and `caCerts` (PEM).
 *
 * An abort of `signal` closes the connection in whatever state it is, so that no step outlives it.
 *
 * @throws {HandshakeRefusedError} when the server answers with an HTTP error
 * @throws {Error} when it can't be reached or is no WebSocket server; after an abort, any error at all
 */
export async function dial(
  subscription: Subscription,
  caCerts: readonly string[],
  signal: AbortSignal,
): Promise<Dialled> {
  const url = new URL(subscription.url);
  const secure = url.protocol === "wss:";
  // Brackets around an IPv6 address belong to the URL, not to the name in the certificate.
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || (secure ? 443 : 80));
  let conn: Deno.Conn = await connect({ hostname, port }, signal);
  const hangUp = (): void => closeQuietly(conn);
  signal.addEventListener("abort", hangUp, { once: true });
  try {
    signal.throwIfAborted();
    if (secure) {
      const tls = await Deno.startTls(conn as Deno.TcpConn, {
        hostname,
        caCerts: [...caCerts],
        alpnProtocols: ["http/1.1"],
      });
      conn = tls;
      signal.throwIfAborted();
      await tls.handshake();
    }
    return { conn, rest: await upgrade(conn, subscription) };
  } catch (error) {
    closeQuietly(conn);
    throw error;
  } finally {
    signal.removeEventListener("abort", hangUp);
  }
}

/** Closes a connection that may be closed already, or consumed by TLS. */
export function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
